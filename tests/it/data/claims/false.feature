# Every scenario here is true up to its last step, and false in it: a runner whose verdicts can be
# trusted fails each of them, there and for that reason.
Feature: Claims that are nearly true

  Background:
    Given every portal sends 100 requests per second

  Scenario: 90/0/10 is not 80/10/10
    Given workloads "travels-v2" and "travels-v3" are deployed
    When traffic to "travels" is split 90% to "v1", 0% to "v2" and 10% to "v3"
    Then the source of "travels" sees between 5% and 15% of requests reach "v3"
    And the source of "travels" sees between 75% and 85% of requests reach "v1"

  Scenario: A mirror of 40% is none of 50%
    Given workload "travels-v3" is deployed
    When traffic to "travels" is split 100% to "v1"
    And 40% of requests to "travels" are mirrored to "v3"
    Then every portal sees no request fail
    And the source of "travels" sees between 45% and 55% of requests be copied to "v3"

  Scenario: A delay of 4.5s is none of 5s
    When every request to "hotels" is delayed by 4.5s
    Then every portal sees every request take at least 4s
    And every portal sees every request take at least 5s

  Scenario: A delay on half of the requests is none on all
    When 50% of requests to "hotels" are delayed by 2s
    Then the source of "hotels" sees some request carry flag DI
    And the source of "hotels" sees every request carry flag DI

  Scenario: A timeout of 3s is none of 2s
    When every request to "hotels" is delayed by 5s
    And requests to "travels" with header portal "voyages.fr" time out after 3s
    Then portal "voyages.fr" sees every request carry flag UT
    And portal "voyages.fr" sees every request take between 2s and 2.5s

  # What would pass without the fault shows nothing about it.
  Scenario: A fault that nobody meets makes a pass vacuous
    Given workload "travels-v2" is deployed
    When requests to "travels" with header portal "nobody" go to "v2"
    And traffic to "travels" is split 100% to "v1"
    Then every portal sees no request fail
