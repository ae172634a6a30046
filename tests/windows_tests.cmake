set(WINDOWS_TESTS wheel_test.cpp histogram_test.cpp series_test.cpp)
