// SPDX-License-Identifier: MIT
// P15 and P16 by Go's net/http on one processor. Prints its port; ends when its standard input
// does.
package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"
)

func require(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchmark failed:", err)
		os.Exit(1)
	}
}

func main() {
	time.AfterFunc(300*time.Second, func() { os.Exit(1) })
	runtime.GOMAXPROCS(1)
	routes := http.NewServeMux()
	routes.HandleFunc("/plain", func(answer http.ResponseWriter, _ *http.Request) {
		answer.Header().Set("Content-Type", "text/plain; charset=utf-8")
		io.WriteString(answer, "Hello, World!")
	})
	routes.HandleFunc("/users/", func(answer http.ResponseWriter, asked *http.Request) {
		io.WriteString(answer, strings.TrimPrefix(asked.URL.Path, "/users/"))
	})
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require(err)
	fmt.Println(listener.Addr().(*net.TCPAddr).Port)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	require(http.Serve(listener, routes))
}
