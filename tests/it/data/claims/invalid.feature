# Each scenario asks for something that cannot be meant, in the step after "# here".
Feature: Nonsense

  Scenario: Weights that do not add up
    # here
    When traffic to "travels" is split 80% to "v1" and 10% to "v2"

  Scenario: An unknown subset
    # here
    When traffic to "travels" is split 80% to "v1" and 20% to "v9"

  Scenario: A subset that no destination rule has
    # here
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: travels, namespace: travel-agency}
      spec:
        hosts: [travels]
        http:
          - route: [{destination: {host: travels, subset: v2}}]
      """

  Scenario: A fault and a timeout on one route
    When every request to "travels" is delayed by 5s
    # here
    And requests to "travels" time out after 2s

  Scenario: A fault and retries on one route
    When failed requests to "travels" are retried 3 times on "5xx"
    # here
    And 10% of requests to "travels" are aborted with status 503

  Scenario: A route in the shadow of an earlier one
    # here
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels, namespace: travel-agency}
      spec:
        hosts: [hotels]
        http:
          - match: [{uri: {prefix: /}}]
            route: [{destination: {host: hotels}}]
          - match: [{uri: {prefix: /hotels}}]
            route: [{destination: {host: hotels}}]
            fault: {delay: {percentage: {value: 100}, fixedDelay: 5s}}
      """

  Scenario: Two virtual services for one host
    When every request to "hotels" is delayed by 5s
    # here
    And this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels, namespace: travel-agency}
      spec:
        hosts: [hotels]
        http:
          - route: [{destination: {host: hotels}}]
      """

  Scenario: Something that is no configuration of a sidecar
    # here
    When this Istio configuration is applied:
      """yaml
      apiVersion: v1
      kind: Secret
      metadata: {name: s, namespace: travel-agency}
      """

  Scenario: A workload that nobody described
    # here
    Given workload "travels-v4" is deployed

  Scenario: A variable that it does not have
    # here
    Given workload "loadtester" is deployed with environment:
      | SLEPE | 1 |

  Scenario: A fault on TCP
    # here
    When every request to "mysqldb" is delayed by 5s

  Scenario: A claim about requests of a TCP service
    Given every portal sends 10 requests per second
    # here
    Then the source of "mysqldb" sees every request reach "v1"

  Scenario: A claim of somebody who sends nothing
    Given portal "viaggi.it" sends 10 requests per second
    # here
    Then portal "voyages.fr" sees no request fail

  Scenario: A caller that does not exist
    Given every portal sends 10 requests per second
    # here
    Then the source of "travels" from workload "laodtester" sees no request fail

  Scenario: Weights of a table that do not add up
    # here
    When traffic to "travels" is split:
      | v1 | 80% |
      | v2 | 30% |

  Scenario: A route to an unknown subset
    # here
    When requests to "travels" with header portal "travels.uk" go to "v9"

  Scenario: A mirror to an unknown subset
    # here
    When 50% of requests to "travels" are mirrored to "v9"

  Scenario: A destination rule of raw configuration without the subset
    # here
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: DestinationRule
      metadata: {name: travels, namespace: travel-agency}
      spec:
        host: travels
        subsets: [{name: v1, labels: {version: v1}}]
      ---
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: travels, namespace: travel-agency}
      spec:
        hosts: [travels]
        http:
          - route: [{destination: {host: travels, subset: v3}}]
      """

  Scenario: A fault and a timeout on one route of raw configuration
    # here
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels, namespace: travel-agency}
      spec:
        hosts: [hotels]
        http:
          - route: [{destination: {host: hotels}}]
            fault: {delay: {percentage: {value: 100}, fixedDelay: 5s}}
            timeout: 2s
      """

  Scenario: A fault and retries on one route of raw configuration
    # here
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels, namespace: travel-agency}
      spec:
        hosts: [hotels]
        http:
          - route: [{destination: {host: hotels}}]
            fault: {abort: {percentage: {value: 50}, httpStatus: 503}}
            retries: {attempts: 3, retryOn: 5xx}
      """

  Scenario: Two virtual services of raw configuration for one host
    # here
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels, namespace: travel-agency}
      spec:
        hosts: [hotels]
        http:
          - route: [{destination: {host: hotels}}]
      ---
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels-too, namespace: travel-agency}
      spec:
        hosts: [hotels.travel-agency.svc.cluster.local]
        http:
          - route: [{destination: {host: hotels}}]
      """

  Scenario: Two virtual services, the raw one first
    When this Istio configuration is applied:
      """yaml
      apiVersion: networking.istio.io/v1
      kind: VirtualService
      metadata: {name: hotels, namespace: travel-agency}
      spec:
        hosts: [hotels]
        http:
          - route: [{destination: {host: hotels}}]
      """
    # here
    And every request to "hotels" is delayed by 5s

  Scenario: A portal's latencies under a load that waits for answers
    Given every portal sends 50 requests at once
    # here
    Then every portal sees every request take less than 1s

  Scenario: A load that ends before it has grown
    # here
    Given portal "voyages.fr" sends 50 requests per second growing over 10s for 5s

  Scenario: A fault on every request and a timeout on some of them
    When every request to "travels" is delayed by 5s
    # here
    And requests to "travels" with header portal "voyages.fr" time out after 2s

  Scenario: a header of the connection
    # here
    Given client "voyages.fr" sends 20 requests per second with header Keep-Alive "timeout=5"
    Then client "voyages.fr" sees no request fail

  Scenario: a length that is not its own
    # here
    Given client "voyages.fr" sends 20 requests per second with header Content-Length "5"
    Then client "voyages.fr" sees no request fail

  Scenario: a host that is none
    # here
    Given client "voyages.fr" sends 20 requests per second with header Host "http://trips.example.com"
    Then client "voyages.fr" sees no request fail

  Scenario: a fragment
    # here
    Given client "voyages.fr" sends 20 requests per second to "/travels#top"
    Then client "voyages.fr" sees no request fail

  Scenario: what is not ASCII
    # here
    Given client "voyages.fr" sends 20 requests per second to "/travels/Besançon"
    Then client "voyages.fr" sees no request fail
