# Section "Request Routing" of the Kiali tutorial "Connect".
@tutorial @routing
Feature: Request routing
  The travels service gets a second and a third version. Every portal of the Travel Demo says who it
  is in the header "portal", so each can be sent to the version that is meant for it.

  Background:
    Given every portal sends requests to "/travels"
    And workloads "travels-v2" and "travels-v3" are deployed

  Scenario: Without a route every portal reaches every version
    Then every portal sees at least 15% of requests reach "v1"
    And every portal sees at least 15% of requests reach "v2"
    And every portal sees at least 15% of requests reach "v3"
    And the portals together see no request fail

  Scenario: Each portal is routed to its own version, until the route is deleted
    When requests to "travels" with header portal "travels.uk" go to "v1"
    And requests to "travels" with header portal "viaggi.it" go to "v2"
    And requests to "travels" with header portal "voyages.fr" go to "v3"
    Then portal "travels.uk" sees every request reach "v1"
    And portal "viaggi.it" sees every request reach "v2"
    And portal "voyages.fr" sees every request reach "v3"
    And the destination of "travels" from portal "travels.uk" sees every request reach "v1"
    And the destination of "travels" from portal "viaggi.it" sees every request reach "v2"
    And the destination of "travels" from portal "voyages.fr" sees every request reach "v3"
    And the portals together see no request fail
    # The route is updated: another portal gets the newest version.
    When requests to "travels" with header portal "viaggi.it" go to "v3"
    Then portal "viaggi.it" sees every request reach "v3"
    When the Istio configuration of "travels" is deleted
    Then every portal sees at least 15% of requests reach "v1"
    And every portal sees at least 15% of requests reach "v2"
    And every portal sees at least 15% of requests reach "v3"

  # There is no route for requests that do not say where they come from.
  Scenario: Requests without the header find no route
    When requests to "travels" with header portal "travels.uk" go to "v1"
    And requests to "travels" with header portal "viaggi.it" go to "v2"
    And portal "voyages.fr" sends requests to "/travels" without its headers
    Then portal "voyages.fr" sees every request be answered 404
    And portal "voyages.fr" sees every request carry flag NR
    And the source of "travels" from portal "voyages.fr" sees no request arrive
    And portal "travels.uk" sees every request reach "v1"

  # What has no sentence is said in Istio's own words, and held to the same rules.
  Scenario: Quotes are routed to v2 by their path
    Given every portal sends requests to "/travels" and "/travels/Rome"
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: travels, namespace: travel-agency}
      spec:
        host: travels
        subsets:
          - {name: v1, labels: {version: v1}}
          - {name: v2, labels: {version: v2}}
      ---
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: travels, namespace: travel-agency}
      spec:
        hosts: [travels]
        http:
          - match: [{uri: {prefix: /travels/}}]
            route: [{destination: {host: travels, subset: v2}}]
          - route: [{destination: {host: travels, subset: v1}}]
      """
    Then the source of "travels" sees no request reach "v3"
    # Every second request of a portal asks for a quote.
    And the portals together see between 40% and 60% of requests reach "v2"
    And the portals together see no request fail
