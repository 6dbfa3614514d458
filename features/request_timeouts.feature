# Section "Request Timeouts" of the Kiali tutorial "Connect".
@tutorial @timeout
Feature: Request timeouts
  When the hotels are slow, a portal may wait or give up early. Here voyages.fr gives up after 2s;
  the other portals wait, and are served. The delay is injected on the way to the hotels and the
  timeout on the way to travels: on one and the same route Istio would not count one against the
  other. The tutorial makes them in the other order; with the timeout first, nobody is still waiting
  for slow hotels without it when the looking begins.

  Background:
    Given every portal sends requests to "/travels"

  Scenario: A timeout that is longer than the delay hurts nobody
    When requests to "travels" with header portal "voyages.fr" time out after 1s
    And every request to "hotels" is delayed by 2s
    Then portal "voyages.fr" sees every request be answered 504
    When requests to "travels" with header portal "voyages.fr" time out after 6s
    Then the portals together see no request fail
    And portal "voyages.fr" sees every request take at least 2s
    When the Istio configuration of "travels" is deleted
    And the Istio configuration of "hotels" is deleted
    Then the portals together see at least 95% of requests take less than 1s
    And the portals together see no request fail

  # The longest delay comes last: whatever is looked at after it waits until it has passed.
  Scenario: One portal gives up after 2s while the others wait 5s
    When requests to "travels" with header portal "voyages.fr" time out after 2s
    And every request to "hotels" is delayed by 5s
    Then portal "voyages.fr" sees every request be answered 504
    And portal "voyages.fr" sees every request carry flag UT
    # A proxy's clock ticks with its work: a timer may end a few milliseconds early.
    And portal "voyages.fr" sees every request take at least 1.9s
    And portal "voyages.fr" sees at least 80% of requests take less than 2.5s
    # The service that was given up on saw the caller go away, without an answer to count.
    And the destination of "travels" from portal "voyages.fr" sees every request get no answer
    And the destination of "travels" from portal "voyages.fr" sees every request carry flag DC
    # What timed out is not tried again.
    And the source of "travels" from portal "voyages.fr" sees every request be tried once
    And portal "travels.uk" sees every request take at least 5s
    And portal "viaggi.it" sees every request take at least 5s
    And portal "travels.uk" sees no request fail
    And portal "viaggi.it" sees no request fail
    And the source of "hotels" sees every request carry flag DI
