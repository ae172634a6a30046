set(HOOKS_TESTS
  hook_delivery_test.cpp
  hook_message_test.cpp
  hook_schedule_test.cpp
  hook_target_test.cpp
  hooks_test.cpp
  receivers_test.cpp)
