# The other fault of the Fault Injection wizard: an abort.
@fault @abort
Feature: Aborted requests
  A caller's proxy can answer a request itself, with an error, instead of sending it. The Travel
  Demo hides such errors: travels answers its portals with an empty list of cities, or says that it
  found no quote, and only somebody who looks into the answers notices.

  Scenario: Every request to hotels is aborted
    Given every portal sends requests to "/travels"
    When 100% of requests to "hotels" are aborted with status 503
    Then the source of "hotels" sees every request be answered 503
    And the source of "hotels" sees every request carry flag FI
    And the portals together see every request fail
    # To the proxies all is well: nothing in the mesh answers the portals with an error.
    And the destination of "travels" sees no request fail

  Scenario Outline: A part of the requests to discounts is aborted with <status>, and nobody notices
    Given every portal sends requests
    When <share> of requests to "discounts" are aborted with status <status>
    Then the source of "discounts" sees between <low> and <high> of requests be answered <status>
    And the source of "discounts" sees between <low> and <high> of requests carry flag FI
    And the portals together see no request fail

    Examples:
      | share | status | low | high |
      | 20%   | 500    | 12% | 28%  |
      | 100%  | 404    | 95% | 100% |
