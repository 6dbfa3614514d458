# Section "Fault Injection" of the Kiali tutorial "Connect".
@tutorial @fault
Feature: Fault injection
  The hotels service is asked on every page of the Travel Demo. When it becomes slow, every portal
  becomes slow with it: the delay is injected by the caller's proxy, so the hotels themselves never
  notice, and nobody fails.

  Background:
    Given every portal sends requests to "/travels"

  Scenario: The delay updated to 2s, then deleted
    When every request to "hotels" is delayed by 1s
    And every request to "hotels" is delayed by 2s
    Then the portals together see at least 95% of requests take between 2s and 2.5s
    And the source of "hotels" sees every request take between 1s and 2.6s
    When the Istio configuration of "hotels" is deleted
    Then the source of "hotels" sees every request take less than 1s
    And the portals together see at least 95% of requests take less than 1s

  Scenario: The delay on half of the requests
    When 50% of requests to "hotels" are delayed by 2s
    Then the source of "hotels" sees between 40% and 60% of requests carry flag DI
    And the portals together see between 40% and 60% of requests take at least 2s
    And the portals together see no request fail

  # The longest delay comes last: whatever is looked at after it waits until it has passed.
  Scenario: A delay of 5s on every request to hotels
    # Before anything is done, the demo answers at once.
    Then the portals together see at least 95% of requests take less than 1s
    And the portals together see no request fail
    When every request to "hotels" is delayed by 5s
    # Proxies count durations in buckets: up to 1s, 2.5s, 5s, 10s. Clients know them exactly.
    Then the source of "hotels" sees every request take at least 2.5s
    And the source of "hotels" sees every request carry flag DI
    But the destination of "hotels" sees every request take less than 1s
    # Travels waits for the hotels, and the portals wait for travels.
    And the destination of "travels" sees every request take at least 2.5s
    And every portal sees every request take at least 5s
    And every portal sees at least 95% of requests take less than 5.5s
    And the portals together see no request fail
