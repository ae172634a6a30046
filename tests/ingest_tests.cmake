set(INGEST_TESTS
  instant_test.cpp
  json_events_test.cpp
  zone_test.cpp)
