# Section "Circuit Breaking" of the Kiali tutorial "Connect".
@tutorial @breaking
Feature: Circuit breaking
  A load tester calls travels over fifty connections at once. A circuit breaker makes its own proxy
  reject what goes beyond a limit, before it reaches travels.

  Background:
    Given every portal sends requests to "/travels"

  Scenario: The breaker rejects most of a burst, and nothing once its limits are raised
    # The tutorial's load tester with its fifty connections, but one call on each, and hardly a pause
    # between its bursts: there, one of the connections makes nineteen more calls, one by one.
    Given workloads "travels-v2" and "travels-v3" are deployed
    And workload "loadtester" is deployed with environment:
      | SLEEP    | 0  |
      | NUMCALLS | 50 |
    Then the source of "travels" from workload "loadtester" sees at most 15% of requests carry flag UO
    And the source of "travels" sees no request carry flag UO
    When traffic to "travels" is split 33% to "v1", 33% to "v2" and 34% to "v3"
    And each caller of "travels" may use 1 connection and keep 1 request waiting
    Then the source of "travels" from workload "loadtester" sees at least 30% of requests carry flag UO
    And the source of "travels" from workload "loadtester" sees some request be answered 200
    # The load on travels is reduced: what is rejected never gets there.
    And the source of "travels" from workload "loadtester" sees at most 75% of requests arrive
    When each caller of "travels" may use 100 connections and keep 100 requests waiting
    Then the source of "travels" from workload "loadtester" sees at most 15% of requests carry flag UO
    And the source of "travels" sees no request carry flag UO
    When the Istio configuration of "travels" is deleted
    Then the source of "travels" sees no request carry flag UO

  # The tutorial's own setting ("consecutiveErrors") is ignored by Istio since 1.7, and Envoy would
  # not eject the only host of a version: so this is another setting, and a version that fails.
  Scenario: A version that fails is taken out
    Given workload "broken-travels-v3" is deployed
    When traffic to "travels" is split 50% to "v1" and 50% to "v3"
    Then the source of "travels" sees at least 30% of requests be answered 503
    And the source of "travels" sees at least 95% of requests arrive
    When hosts of "travels" are ejected for 30s after 1 error in a row, checked every 1s
    Then the source of "travels" sees between 40% and 60% of requests carry flag UH
    # The broken version is left alone; the other one is not touched.
    And the source of "travels" sees at most 70% of requests arrive
    And the destination of "travels" at version "v1" sees no request fail
