// The access log's JSON line of a finished call. Pure.
//
// {"timestamp":"2026-11-23T10:20:30.123456Z","request_id":"…","client_ip":"…","model_id":"…","latency":12.3,
//  "status":"success","error":null,"trace_id":"…","method":"ai.inference.ImageRecognition/Recognize","protocol":"grpc",
//  "code":"OK","bytes_in":84213,"bytes_out":57,"queue_ms":0.4,"infer_ms":8.1,"key_id":null}
//
// An error's line has reason ("OVERLOADED"), ended_in (the layer that ended the call or refused its model: a name of
// lists.cc, "queue" for the scheduler's bound, "request" before it was decoded, else "handler") and, where the client
// was told when to come back, retry_after_ms.
//
// `latency` and *_ms are milliseconds; `error` is null or the message the client got. A call that used several models
// has one more field, models: [{"model_id":…,"version":…,"queue_ms":…,"infer_ms":…},…]; its queue_ms and infer_ms are
// the longest ones.
#pragma once

#include "base/log/json_line.h"
#include "call/call.h"

namespace sluice {

// Replaces `out`.
void FormatAccessLine(Call& call, WallTime now, LineBuffer& out);

}  // namespace sluice
