// Answers with the path of the file that a static file server on Node's http would open.
const http = require("node:http");
const path = require("node:path");

http.createServer((request, response) => {
    try {
        const { pathname } = new URL(request.url, "http://service.example");
        response.end(`seen ${path.posix.normalize(decodeURIComponent(pathname))}`);
    } catch {
        response.writeHead(400).end("not a path");
    }
}).listen(Number(process.argv[2]), "127.0.0.1");
