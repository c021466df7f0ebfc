"""What tests of Amber and of its plugins stand on: values, real servers and the contract suites."""
