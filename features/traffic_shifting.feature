# Section "Traffic Shifting" of the Kiali tutorial "Connect".
@tutorial @shifting
Feature: Traffic shifting
  Two new versions of travels are to be tried on a small part of everybody's requests, before one of
  them takes over.

  Background:
    Given every portal sends requests to "/travels"
    And workloads "travels-v2" and "travels-v3" are deployed

  Scenario: Four fifths stay with v1, a tenth each tries v2 and v3
    When traffic to "travels" is split 80% to "v1", 10% to "v2" and 10% to "v3"
    Then the source of "travels" sees between 70% and 90% of requests reach "v1"
    And the source of "travels" sees between 4% and 18% of requests reach "v2"
    And the source of "travels" sees between 4% and 18% of requests reach "v3"
    And the destination of "travels" sees between 70% and 90% of requests reach "v1"
    And the destination of "travels" sees between 4% and 18% of requests reach "v2"
    And the destination of "travels" sees between 4% and 18% of requests reach "v3"
    And the portals together see no request fail

  Scenario: Another distribution, and none
    When traffic to "travels" is split:
      | v1 | 0%  |
      | v2 | 50% |
      | v3 | 50% |
    Then the source of "travels" sees no request reach "v1"
    And the source of "travels" sees between 40% and 60% of requests reach "v2"
    # Neither of the new versions is slower than the other.
    And versions "v2" and "v3" of "travels" differ by at most 15% in requests that take less than 260ms
    And the portals together see no request fail
    When the Istio configuration of "travels" is deleted
    Then every portal sees at least 20% of requests reach "v1"
