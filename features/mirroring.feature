# Section "Mirroring" of the Kiali tutorial "Connect".
@tutorial @mirroring
Feature: Mirroring
  A version that nobody trusts yet can be tried on copies of real requests. Its answers are thrown
  away, so whatever it does, no caller notices.

  Background:
    Given every portal sends requests to "/travels"

  Scenario: v1 and v2 share the requests, and v3 sees a copy of half of them
    Given workloads "travels-v2" and "travels-v3" are deployed
    When traffic to "travels" is split 80% to "v1" and 20% to "v2"
    And 50% of requests to "travels" are mirrored to "v3"
    Then the source of "travels" sees between 70% and 90% of requests reach "v1"
    And the source of "travels" sees between 10% and 30% of requests reach "v2"
    # The callers' proxies report no copy; the proxies of v3 do.
    And the source of "travels" sees no request reach "v3"
    And the source of "travels" sees between 40% and 60% of requests be copied to "v3"
    And the portals together see no request fail
    When 10% of requests to "travels" are mirrored to "v3"
    Then the source of "travels" sees between 3% and 20% of requests be copied to "v3"

  Scenario: A version that fails on its copies hurts nobody
    Given workload "broken-travels-v3" is deployed
    When traffic to "travels" is split 100% to "v1"
    And 50% of requests to "travels" are mirrored to "v3"
    Then the destination of "travels" at version "v3" sees every request fail
    And the portals together see no request fail
    When the Istio configuration of "travels" is deleted
    # Without it, the broken version gets requests of its own.
    Then the portals together see some request fail
