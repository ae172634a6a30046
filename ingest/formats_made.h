// The makers of all formats, one per file; ingest/formats.cpp lists them with what they can. Pure functions, any
// thread.
#pragma once

#include <memory>

#include "ingest/format.h"

namespace ingest {

using MadeFormat = core::Result<std::unique_ptr<Format>>;

MadeFormat make_queue_log(FormatOptions options);
MadeFormat make_ami(FormatOptions options);
MadeFormat make_asterisk_cdr(FormatOptions options);
MadeFormat make_threecx_cdr(FormatOptions options);
MadeFormat make_freeswitch_cdr(FormatOptions options);
MadeFormat make_freeswitch_events(FormatOptions options);
MadeFormat make_zendesk(FormatOptions options);
MadeFormat make_zammad(FormatOptions options);
MadeFormat make_jira(FormatOptions options);
MadeFormat make_amazon_connect(FormatOptions options);
MadeFormat make_twilio(FormatOptions options);
MadeFormat make_genesys(FormatOptions options);
MadeFormat make_livechat(FormatOptions options);
MadeFormat make_mapped_json(FormatOptions options);

}  // namespace ingest
