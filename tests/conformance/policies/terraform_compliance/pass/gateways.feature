Feature: what every gateway has

  Scenario: a gateway says which version it runs
    Given I have tse_gateway defined
    Then it must have gatewayVersion
    And its value must match the "^[0-9]+[.][0-9]+" regex

  Scenario: a gateway has nodes
    Given I have tse_gateway defined
    Then it must have nodeConfig
    And it must have number
    And its value must be greater than 0
