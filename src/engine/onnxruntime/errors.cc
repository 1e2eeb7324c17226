#include "engine/onnxruntime/errors.h"

#include <algorithm>

#include "base/error.h"
#include "base/log/log.h"
#include "base/strings.h"
#include "engine/onnx/guards.h"

namespace sluice::ort {
namespace {

constexpr size_t kTextMax = 300;
constexpr size_t kNameMax = 64;
constexpr std::string_view kRunning = "while running ";
constexpr std::string_view kName = " node. Name:'";
constexpr std::string_view kMessage = "' Status Message: ";
constexpr std::string_view kWasFalse = " was false. ";

// What is before `end`, which is skipped, too; everything when `end` is not there.
std::string_view TakeUntil(std::string_view& text, std::string_view end) {
  const size_t at = text.find(end);
  const std::string_view taken = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + end.size());
  return taken;
}

// Past "(…)", "[…]" or "<…>" at the start of `text`, with what is nested in it.
void SkipBrackets(std::string_view& text, char open, char close) {
  int depth = 0;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    depth += text[i] == open ? 1 : text[i] == close ? -1 : 0;
    if (depth == 0) break;
  }
  text.remove_prefix(std::min(i + 1, text.size()));
}

bool SkipPrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool IsPlace(std::string_view word) {
  const size_t colon = word.rfind(':');
  if (colon == std::string_view::npos || colon + 1 == word.size()) return false;
  const std::string_view file = word.substr(0, colon);
  return word.find_first_not_of("0123456789", colon + 1) == std::string_view::npos &&
         (file.ends_with(".h") || file.ends_with(".cc") || file.ends_with(".cpp") || file.ends_with(".hpp"));
}

// Off its start: "/onnxruntime_src/…/gather.h:100 onnxruntime::Status onnxruntime::Gather::Run(int) const [with T =
// float] ", or "matmul_helper.h:59 Compute ".
void SkipLocation(std::string_view& text) {
  if (!IsPlace(text.substr(0, text.find(' ')))) return;
  const bool whole = TakeUntil(text, " ").starts_with('/');
  const size_t arguments = text.find('(');
  if (!whole || arguments == std::string_view::npos) {
    TakeUntil(text, " ");
    return;
  }
  text.remove_prefix(arguments);
  SkipBrackets(text, '(', ')');
  SkipPrefix(text, " const");
  if (SkipPrefix(text, " ") && text.starts_with("[with")) SkipBrackets(text, '[', ']');
  SkipPrefix(text, " ");
}

// A condition of theirs, which the message after it says in words.
void SkipCondition(std::string_view& text) {
  if (const size_t at = text.find(kWasFalse); at != std::string_view::npos) text.remove_prefix(at + kWasFalse.size());
}

// "[ONNXRuntimeError] : 1 : FAIL : "
void SkipCode(std::string_view& text) {
  if (!SkipPrefix(text, "[ONNXRuntimeError] : ")) return;
  TakeUntil(text, " : ");
  TakeUntil(text, " : ");
}

bool IsInternal(std::string_view word) {
  return word.find("onnxruntime") != std::string_view::npos || word.starts_with('/') || word.starts_with("(/") ||
         IsPlace(word);
}

void AppendPrintable(std::string_view text, size_t bytes_max, std::string& out) {
  for (const char c : text.substr(0, bytes_max)) out.push_back(c == '\n' ? ' ' : c >= ' ' && c < '\x7f' ? c : '?');
}

// Word by word, without those that only say where in their program it happened.
void AppendWords(std::string_view text, std::string& out) {
  while (!text.empty() && out.size() < kTextMax) {
    const std::string_view word = TakeUntil(text, " ");
    if (word.empty() || IsInternal(word)) continue;
    if (!out.empty()) out.push_back(' ');
    AppendPrintable(word, kTextMax, out);
  }
  out.resize(std::min(out.size(), kTextMax));
  while (!out.empty() && (out.back() == ' ' || out.back() == '\n')) out.pop_back();
}

// "Gather 'embed':" from "Gather node. Name:'embed' Status Message: ", which is taken off `text`.
std::string TakeNode(std::string_view& text) {
  const std::string_view op = TakeUntil(text, kName), name = TakeUntil(text, kMessage);
  std::string node;
  AppendPrintable(op, kNameMax, node);
  if (name.empty()) return node += ':';
  node += " '";
  AppendPrintable(name, kNameMax, node);
  return node += "':";
}

// What a guard says that we put before a node; empty when the node is none.
std::string GuardText(std::string_view text) {
  TakeUntil(text, kName);
  std::string said;
  if (!SkipPrefix(text, onnx::kGuardName)) return said;
  TakeUntil(text, onnx::kGuardMessage);
  AppendPrintable(TakeUntil(text, kMessage), kTextMax, said);
  return said;
}

bool IsAboutValues(ErrorCode code) { return code == kFail || code == kInvalidArgument || code == kRuntimeException; }

}  // namespace

std::string PlainText(std::string_view message) {
  std::string text;
  // A node inside a branch or loop is reported by each node around it: the innermost one is what failed.
  if (const size_t at = message.rfind(kRunning); at != std::string_view::npos) {
    message.remove_prefix(at + kRunning.size());
    if (const std::string guard = GuardText(message); !guard.empty()) return guard;
    text = TakeNode(message);
  }
  SkipLocation(message);
  SkipCode(message);
  SkipCondition(message);
  AppendWords(message, text);
  if (text.ends_with(':')) text += " the inputs do not fit together";
  return text;
}

absl::Status FailedLoad(Status* status) {
  const Owned<Status> owned(status);
  const std::string text = PlainText(Call<GetErrorMessage>(status));
  if (Call<GetErrorCode>(status) != kNotImplemented) return Error(Reason::MODEL_FAILED, text);
  return Error(Reason::MODEL_FAILED, StrCat("ONNX Runtime lacks something that the model needs: ", text,
                                            "; \"engine: openvino\" in model.yaml may serve it"));
}

bool IsAboutMemory(const Status* status) {
  const std::string_view message = Call<GetErrorMessage>(status);
  for (const std::string_view words : {"Failed to allocate memory", "Available memory of", "bad_alloc"}) {
    if (message.find(words) != std::string_view::npos) return true;
  }
  return false;
}

absl::Status RunError(Status* status, std::string_view model, bool trusted) {
  const Owned<Status> owned(status);
  const ErrorCode code = Call<GetErrorCode>(status);
  const std::string_view message = Call<GetErrorMessage>(status);
  if (!trusted && IsAboutMemory(status)) {
    return Error(Reason::RUN_TOO_LARGE, "running the model on this request needs more memory than the server allows");
  }
  if (!trusted && IsAboutValues(code)) {
    return Error(Reason::INVALID_REQUEST, StrCat("the model cannot compute this: ", PlainText(message)));
  }
  LogError("engine.run_failed", {{"model", model}, {"error", message}});
  return Error(Reason::MODEL_FAILED, "the model failed on this input");
}

}  // namespace sluice::ort
