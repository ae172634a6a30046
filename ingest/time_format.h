// TimeFormat: instants as files write them: "rfc3339", "epoch_ms", "epoch_s", or a pattern of
// %Y %y %m %b %d %a %H %I %p %M %S %f %z and literal characters, of which a space stands for one or more.
//
// %b is an English month, %a a weekday that is passed over, %I an hour of twelve with its %p. Numbers may lack leading
// zeros (7:02:47) except %Y (four digits) and %y (two; 69..99 are 1969..1999). %f is a fraction of 1 to 9 digits, cut
// off below the millisecond; %z is Z, +hhmm or +hh:mm. Value, any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "windows/time.h"

namespace ingest {

class TimeFormat {
 public:
  // `local`: wall time of the zone of the file, still to be converted.
  struct Reading {
    windows::Time time = 0;
    bool local = true;
  };

  TimeFormat() : pattern_("rfc3339") {}
  // Errors: bad_format, when the pattern has an unknown code or does not make a full date.
  static core::Result<TimeFormat> parse(std::string_view pattern);

  std::optional<Reading> read(std::string_view text) const;

 private:
  std::string pattern_;
};

}  // namespace ingest
