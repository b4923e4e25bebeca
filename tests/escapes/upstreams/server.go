// Answers with the path of the file that Go's http.FileServer would open.
package main

import (
	"io"
	"net/http"
	"os"
	"path"
)

func main() {
	handler := func(response http.ResponseWriter, request *http.Request) {
		_, _ = io.WriteString(response, "seen "+path.Clean("/"+request.URL.Path))
	}
	panic(http.ListenAndServe("127.0.0.1:"+os.Args[1], http.HandlerFunc(handler)))
}
