# What each sentence about load really sends, on real Envoys: the test counts the requests.
Feature: Load

  Scenario: A rate for a duration
    Given every portal sends 20 requests per second for 3s
    Then every portal sees no request fail

  Scenario: A rate that grows
    Given every portal sends 20 requests per second growing over 2s for 4s
    Then every portal sees no request fail

  Scenario: Random times
    Given every portal sends 20 requests per second at random times for 6s
    Then every portal sees no request fail

  Scenario: A fixed number at once, through one portal
    Given portal "voyages.fr" sends 5 requests at once for 2s
    Then portal "voyages.fr" sees no request fail
    And the source of "travels" from portal "voyages.fr" sees every request arrive
