// What the formats of Asterisk share: how agents and calls are called. Pure functions, any thread.
#pragma once

#include <string_view>

namespace ingest {

// "PJSIP/7009", "Agent/7009", "Local/7009@agents/n", "SIP/7009-0000063a" -> "7009". What is no interface of a known
// technology is a member's name and stays as it is. NONE is nobody.
std::string_view short_interface(std::string_view name);

}  // namespace ingest
