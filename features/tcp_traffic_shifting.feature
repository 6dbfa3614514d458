# Section "TCP Traffic Shifting" of the Kiali tutorial "Connect".
@tutorial @shifting @tcp
Feature: TCP traffic shifting
  The database is to get other indexes, and two ways to make them are tried. It speaks TCP, so
  connections are shifted instead of requests: each query of the demo opens one. No request is known
  to the proxies here, only connections and their bytes.

  Background:
    Given every portal sends requests to "/travels/Rome"
    And workloads "mysqldb-v2" and "mysqldb-v3" are deployed

  Scenario: Four fifths of the connections stay with v1, a tenth each tries v2 and v3
    When traffic to "mysqldb" is split 80% to "v1", 10% to "v2" and 10% to "v3"
    Then the source of "mysqldb" sees between 70% and 90% of connections reach "v1"
    And the source of "mysqldb" sees between 4% and 18% of connections reach "v2"
    And the source of "mysqldb" sees between 4% and 18% of connections reach "v3"
    And the destination of "mysqldb" sees between 70% and 90% of connections reach "v1"
    # The tutorial reads the distribution off the rate of bytes.
    And the source of "mysqldb" sees between 70% and 90% of bytes reach "v1"
    And the source of "mysqldb" sees between 4% and 18% of bytes reach "v2"
    And the source of "mysqldb" sees between 4% and 18% of bytes reach "v3"
    And the portals together see no request fail

  Scenario: All connections go to the new version, then the split is deleted
    When traffic to "mysqldb" is split 100% to "v3"
    Then the source of "mysqldb" sees every connection reach "v3"
    And the destination of "mysqldb" sees every connection reach "v3"
    When the Istio configuration of "mysqldb" is deleted
    Then the source of "mysqldb" sees at least 20% of connections reach "v1"
    And the source of "mysqldb" sees at least 20% of connections reach "v2"
    And the portals together see no request fail
