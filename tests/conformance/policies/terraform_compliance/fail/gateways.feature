Feature: what no gateway has, so that each of them is told

  Scenario: a gateway has something that does not exist
    Given I have tse_gateway defined
    Then it must have noSuchProperty
