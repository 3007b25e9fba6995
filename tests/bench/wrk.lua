-- Requests for wrk: a method, and a file with one body a line, sent one after another, again and again.
-- Prints one line of JSON: see LoadResult in http_load.py.
local bodies, index = {}, 0

function init(arguments)
  wrk.method = arguments[1]
  for line in io.lines(arguments[2]) do
    if #line > 0 then bodies[#bodies + 1] = wrk.format(nil, nil, nil, line) end
  end
  if #bodies == 0 then bodies[1] = wrk.format() end
end

function request()
  index = index % #bodies + 1
  return bodies[index]
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    '\n{"requests": %d, "per_second": %.3f, "median_ms": %.3f, "p99_ms": %.3f, "refused": %d}\n',
    summary.requests, summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    e.connect + e.read + e.write + e.status + e.timeout))
end
