// SPDX-License-Identifier: MIT
// Requests that two servers could read in two ways, and what becomes of each here: for the tests of
// the parser, and for scripts/interop smuggling, which asks other servers, too.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {

using namespace std::string_view_literals;

/// Fields behind a request line and a Host, and the status with which they are refused.
struct fields_case {
  std::string_view fields;
  int status;
};

inline std::string request_with(std::string_view fields) {
  return "POST /x HTTP/1.1\r\nHost: h\r\n" + std::string(fields) + "\r\n";
}

/// The classes of ambiguity by which one request is smuggled inside another.
inline const std::vector<fields_case> ambiguous_fields = {
    {"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", 400},
    {"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", 400},
    {"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n", 400},
    {"Content-Length: 5\r\nContent-Length: 6\r\n", 400},
    {"Content-Length: 5\r\nContent-Length: 5\r\n", 400},
    {"Content-Length: 5, 5\r\n", 400},
    {"Content-Length: 5,6\r\n", 400},
    {"Content-Length: 1,1\r\n", 400},
    {"Content-Length: +5\r\n", 400},
    {"Content-Length: -0\r\n", 400},
    {"Content-Length: -1\r\n", 400},
    {"Content-Length: 0x5\r\n", 400},
    {"Content-Length: 5 6\r\n", 400},
    {"Content-Length: 5;\r\n", 400},
    {"Content-Length: 5a\r\n", 400},
    {"Content-Length: a\r\n", 400},
    {"Content-Length: 1_0\r\n", 400},
    {"Content-Length: 1e2\r\n", 400},
    {"Content-Length: 5.0\r\n", 400},
    {"Content-Length:\r\n", 400},
    {"Content-Length: \xb2\r\n", 400},
    {"Content-Length: \"5\"\r\n", 400},
    {"Content-Length: 18446744073709551616\r\n", 400},
    {"Content-Length: 18446744073709551621\r\n", 400},
    {"Content-Length: 9223372036854775808\r\n", 400},
    {"Content-Length: 99999999999999999999999999\r\n", 400},
    {"Transfer-Encoding: xchunked\r\n", 501},
    {"Transfer-Encoding: chunkedx\r\n", 501},
    {"Transfer-Encoding: identity\r\n", 501},
    {"Transfer-Encoding: gzip\r\n", 501},
    {"Transfer-Encoding: gzip, chunked\r\n", 501},
    {"Transfer-Encoding: chunked, identity\r\n", 501},
    {"Transfer-Encoding: chunked, chunked\r\n", 501},
    {"Transfer-Encoding: chunked,\r\n", 501},
    {"Transfer-Encoding: ,chunked\r\n", 501},
    {"Transfer-Encoding: chunked;q=1\r\n", 400},
    {"Transfer-Encoding: \"chunked\"\r\n", 400},
    {"Transfer-Encoding: 'chunked'\r\n", 501},
    {"Transfer-Encoding: chu nked\r\n", 400},
    {"Transfer-Encoding:\r\n", 501},
    {"Transfer-Encoding: \x0b"
     "chunked\r\n",
     400},
    {"Transfer-Encoding: \x0c"
     "chunked\r\n",
     400},
    {"Transfer-Encoding: chunked\x0b\r\n", 400},
    {"Transfer-Encoding: \0chunked\r\n"sv, 400},
    {"Transfer-Encoding: chunked\0\r\n"sv, 400},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", 400},
    {"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n", 400},
    {"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n", 400},
    {"Transfer-Encoding : chunked\r\n", 400},
    {"Transfer-Encoding\t: chunked\r\n", 400},
    {" Transfer-Encoding: chunked\r\n", 400},
    {"\tTransfer-Encoding: chunked\r\n", 400},
    {"X: y\r\n Transfer-Encoding: chunked\r\n", 400},
    {"Transfer-Encoding:\r\n chunked\r\n", 400},
    {"X:\r\n \r\n", 400},
    {"X: y\r\n \r\n", 400},
    {"X:\r\n\ty\r\n", 400},
    {"X:  \r\n \r\n y\r\n", 400},
    {"Transfer-Encoding:\r\n\tchunked\r\n", 400},
    {"Transfer\x00-Encoding: chunked\r\n"sv, 400},
    {"Transfer-Encoding\x01: chunked\r\n", 400},
    {"Transfer_Encoding: chunked\r\nContent-Length :5\r\n", 400},
    {"Content-Length : 5\r\n", 400},
    {"Content-Length\x0b: 5\r\n", 400},
    {"X: y\nTransfer-Encoding: chunked\r\n", 400},
    {"X: y\rTransfer-Encoding: chunked\r\n", 400},
    {"X: y\r\rTransfer-Encoding: chunked\r\n", 400},
    {"X: y\r\r\nTransfer-Encoding: chunked\r\n", 400},
    {"X: y\0z\r\n"sv, 400},
    {"X: \x7f\r\n", 400},
    {"X\r\n", 400},
    {": y\r\n", 400},
    {"\xc3\xa4: y\r\n", 400},
    {"X[]: y\r\n", 400},
    {"Host: other\r\n", 400},
    {"Host: h\r\n", 400},
};

/// A whole head, and the status with which it is refused; 200: it is taken.
struct line_case {
  std::string_view text;
  int status;
};

inline const std::vector<line_case> request_lines = {
    {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"GET /a?b=c&d HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"GET / HTTP/1.0\r\n\r\n", 200},
    {"GET http://h/x HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"GET HTTPS://h?x HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"M-SEARCH / HTTP/1.1\r\nHost: h\r\n\r\n", 200},
    {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 200},
    {"GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 200},
    {"GET / HTTP/1.1\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a,b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400},
    {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", 505},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"GET / HTTP/0.9\r\n\r\n", 505},
    {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/11\r\nHost: h\r\n\r\n", 400},
    {"GET / http/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/ 1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
    {"GET /\r\n\r\n", 400},
    {"GET\r\n\r\n", 400},
    {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /\tHTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"G{T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"G\0T / HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400},
    {"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"sv, 400},
    {"GET /\x7f HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET / HTTP/1.1\nHost: h\n\n", 400},
    {"GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
    {"GET x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http://u:p@h/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http://h,i/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http://h\x93/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"GET /#x HTTP/1.1\r\nHost: h\r\n\r\n", 400},
    {"CONNECT h:80 HTTP/1.1\r\nHost: h\r\n\r\n", 501},
    {"GET / HTTP/1.1\r\nHost: h\r\nExpect: the-moon\r\n\r\n", 417},
};

/// Chunked bodies; refused with 400.
inline const std::vector<std::string_view> malformed_chunks = {
    "\r\n",
    "g\r\n",
    " 5\r\nhello\r\n",
    "5 \r\nhello\r\n",
    "5\t\r\nhello\r\n",
    "5 ;a\r\nhello\r\n",
    "+5\r\nhello\r\n",
    "-5\r\nhello\r\n",
    "0x5\r\nhello\r\n",
    "5h\r\nhello\r\n",
    "5_0\r\nhello\r\n",
    ";a\r\n",
    "5\nhello\r\n",
    "5\n\r\nhello\r\n",
    "5\rhello\r\n",
    "5\r\rhello",
    "5;a\nhello\r\n",
    "5;a\n0\r\n\r\n",
    "5;a\x7f\r\nhello\r\n",
    "5;a\0b\r\nhello\r\n"sv,
    "5\r\nhelloX\r\n0\r\n\r\n",
    "5\r\nhello0\r\n\r\n",
    "5\r\nhello\n0\r\n\r\n",
    "5\r\nhello\rX",
    "5\r\nhello\r\n\r\n",
    "ffffffffffffffffff\r\n",
    "10000000000000000\r\n",
    "8000000000000000\r\n",
    "ffffffffffffffff\r\n",
    "00000000000000005\r\n",
    "0\r\n\n",
    "0\r\nX: y\n\r\n",
    "0\r\n X: y\r\n\r\n",
    "0\r\nX: y\r\n z\r\n\r\n",
    "0\r\nX : y\r\n\r\n",
    "0\r\nX\r\n\r\n",
    "0\r\nX: \0\r\n\r\n"sv,
    "0\r\nGET / HTTP/1.1\r\n\r\n",
    "0\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
};

}  // namespace heddle::test
