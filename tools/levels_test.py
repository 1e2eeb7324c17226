#!/usr/bin/env python3
"""Tests of levels.py: python3 tools/levels_test.py"""

import unittest

import levels


def problems(path: str, *lines: str) -> list[str]:
    return [problem for _, problem in levels.problems_of(path, "\n".join(lines))]


class LevelsTest(unittest.TestCase):
    def test_an_include_goes_down_or_stays(self):
        self.assertEqual(
            problems("pipeline/a.cc", '#include "base/error.h"', '#include "pipeline/b.h"', '#include "engine/e.h"'), []
        )
        self.assertEqual(
            problems(
                "api/a.cc", '#include "pipeline/job.h"', '#include "ai/inference/x.pb.h"', '#include "absl/time/time.h"'
            ),
            [],
        )

    def test_an_include_that_climbs_is_named(self):
        self.assertIn("base (level 0) may not include call", problems("base/a.cc", '#include "call/call.h"')[0])

    def test_rooms_on_one_level_do_not_know_each_other(self):
        for path, header in (
            ("api/a.cc", "transport/http/exchange.h"),
            ("transport/a.cc", "api/x.h"),
            ("openapi/a.cc", "transport/x.h"),
            ("call/a.cc", "json/x.h"),
        ):
            self.assertEqual(len(problems(path, f'#include "{header}"')), 1, path)

    def test_the_edge_knows_nothing_of_models(self):
        self.assertEqual(len(problems("transport/rest/a.cc", '#include "scheduler/core.h"')), 1)
        self.assertEqual(len(problems("api/a.cc", '#include "repository/manifest.h"')), 1)
        self.assertEqual(problems("transport/rest/a.cc", '#include "json/reader.h"'), [])

    def test_the_door_includes_everything(self):
        self.assertEqual(
            problems("door/server.cc", '#include "transport/http/h.h"', '#include "api/x.h"', '#include "cli/c.h"'), []
        )

    def test_a_library_stays_in_its_folder(self):
        self.assertEqual(problems("engine/openvino/e.cc", "#include <openvino/openvino.hpp>", "ov::Core core;"), [])
        self.assertEqual(len(problems("pipeline/p.cc", "ov::Core core;")), 1)
        self.assertEqual(len(problems("transport/grpc/g.cc", "#include <nghttp2/nghttp2.h>")), 1)
        self.assertEqual(problems("transport/http/h2.cc", "#include <nghttp2/nghttp2.h>"), [])
        self.assertEqual(len(problems("api/a.cc", "#include <boost/asio.hpp>")), 1)

    def test_originals_only_in_base_and_in_tests(self):
        line = "auto now = std::chrono::steady_clock::now();"
        self.assertEqual(problems("base/clock.cc", line), [])
        self.assertEqual(problems("call/call_test.cc", line), [])
        self.assertEqual(len(problems("call/call.cc", line)), 1)
        for other in ("std::thread t;", "std::random_device d;", 'getenv("X")', "std::this_thread::sleep_for(1s);"):
            self.assertEqual(len(problems("door/pages.cc", other)), 1, other)

    def test_comments_and_strings_do_not_count(self):
        self.assertEqual(problems("call/call.cc", "// std::thread is banned", 'Log("ov::Core");'), [])

    def test_a_header_says_pragma_once(self):
        self.assertEqual(len(problems("base/a.h", "int x;")), 1)
        self.assertEqual(problems("base/a.h", "#pragma once"), [])

    def test_an_unknown_folder_is_a_problem(self):
        self.assertEqual(len(problems("utils/a.cc", "")), 1)


if __name__ == "__main__":
    unittest.main()
