set(STATE_TESTS
  stored.cpp
  damage_test.cpp
  disk_fault_test.cpp
  disk_space_test.cpp
  event_codec_test.cpp
  seen_test.cpp
  store_test.cpp)
