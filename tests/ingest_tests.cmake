set(INGEST_TESTS
  body_test.cpp
  event_queue_test.cpp
  events_doc_test.cpp
  instant_test.cpp
  json_events_test.cpp
  mapped_text_test.cpp
  zone_test.cpp)
