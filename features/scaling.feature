Feature: Scaling
  A service without any pod is an outage; a busier portal and a second pod are an ordinary day. How
  many pods a workload had, and what a portal was set to, is given back at the end.

  Scenario: Hotels goes away and comes back
    Given every portal sends requests to "/travels"
    And every portal has the setting:
      | request_ratio | 60 |
    When workload "hotels-v1" is scaled to 0 replicas
    Then the portals together see some request fail
    When workload "hotels-v1" is scaled to 2 replicas
    Then the portals together see no request fail
