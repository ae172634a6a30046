set(STATE_TESTS
  stored.cpp
  disk_space_test.cpp
  event_codec_test.cpp
  seen_test.cpp
  store_test.cpp)
