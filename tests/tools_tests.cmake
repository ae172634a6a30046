set(TOOLS_TESTS simulate_test.cpp generate_test.cpp)
