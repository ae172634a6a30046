set(SERVER_TESTS
  json_text_test.cpp
  frames_test.cpp
  hub_test.cpp
  config_test.cpp
  request_guard_test.cpp
  http_test.cpp
  stream_test.cpp)
