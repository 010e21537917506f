"""The two small programs that run inside Envoy (Lua), for what its filters do not do."""

from __future__ import annotations

from typing import Any

from portico_runtime.envoy.extensions import extension

LUA = "envoy.extensions.filters.http.lua.v3.Lua"
NOT_MODIFIED_FILTER = "not-modified"
# A cache may keep a 200 that says `public` and sets no cookie. For all else we say what HTTP leaves open.
# The edge's cache keeps nothing that varies; by encoding it need not, for it is asked once for each of them.
CACHE_CONSENT = """
function envoy_on_response(handle)
  local headers = handle:headers()
  if (headers:get("vary") or ""):lower() == "accept-encoding" then headers:remove("vary") end
  local status = headers:get(":status")
  if status == "304" then return end
  local said = headers:get("cache-control") or ""
  local words = "," .. said:lower():gsub("%s", "") .. ","
  if words:find(",private", 1, true) or words:find(",no-store", 1, true) then return end
  if headers:get("set-cookie") then
    headers:replace("cache-control", "private, no-store")
  elseif status ~= "200" or not words:find(",public,", 1, true) then
    local rest = said:gsub("public,?%s*", "")
    headers:replace("cache-control", rest == "" and "private" or rest .. ", private")
  end
end
"""
# The cache passes conditional requests by, to the service. So it gets them without their condition, which is
# answered here (RFC 9110, section 13.1.2: weak comparison, and before If-Modified-Since).
NOT_MODIFIED = """
function envoy_on_request(handle)
  local headers = handle:headers()
  local known = headers:get("if-none-match")
  headers:remove("if-modified-since")
  if known then
    headers:remove("if-none-match")
    handle:streamInfo():dynamicMetadata():set("not-modified", "known", known)
  end
end

function envoy_on_response(handle)
  local asked = handle:streamInfo():dynamicMetadata():get("not-modified")
  local headers = handle:headers()
  local etag = headers:get("etag")
  if not asked or not etag or headers:get(":status") ~= "200" then return end
  local opaque = etag:gsub("^W/", "")
  for tag in asked["known"]:gmatch('"[^"]*"') do
    if tag == opaque then
      headers:replace(":status", "304")
      for _, name in ipairs({"content-length", "content-type", "content-encoding"}) do
        headers:remove(name)
      end
      for chunk in handle:bodyChunks() do chunk:setBytes("") end
      return
    end
  end
end
"""


def cache_consent() -> dict[str, Any]:
    """Return the filter by which nothing is kept that does not say so, before a cache sees it."""
    return _lua("cache-consent", CACHE_CONSENT)


def not_modified() -> dict[str, Any]:
    """Return the filter, on before the cache alone, that tells a client that it has the answer already."""
    return {**_lua(NOT_MODIFIED_FILTER, NOT_MODIFIED), "disabled": True}


def _lua(name: str, program: str) -> dict[str, Any]:
    return extension(name, LUA, default_source_code={"inline_string": program})
