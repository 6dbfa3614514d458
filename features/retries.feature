# What the wizards offer beside timeouts: retries.
@retries
Feature: Retries
  A version of travels fails on every request. A caller's proxy that tries again reaches another
  version with its next attempt; with only the failing version to choose from, it multiplies the
  load on it.

  Background:
    Given every portal sends requests to "/travels"
    And workload "broken-travels-v3" is deployed

  Scenario: Retries hide a failing version
    Then the source of "travels" sees at least 20% of requests be answered 503
    When failed requests to "travels" are retried 3 times on "5xx"
    Then the source of "travels" sees at least 95% of requests be answered 200
    And the portals together see at least 95% of requests be answered 200
    And the destination of "travels" at version "v3" sees every request be answered 503

  Scenario: Retries multiply the load where every attempt fails
    When traffic to "travels" is split 100% to "v3"
    And failed requests to "travels" are retried 2 times on "5xx"
    Then the source of "travels" sees every request be answered 503
    And the source of "travels" sees every request be tried 3 times
    When the Istio configuration of "travels" is deleted
    Then the portals together see some request be answered 200
