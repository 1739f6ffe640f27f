// Pictures, files and sounds as message parts; the rest of the parts need no code.

#include "cochain/chains/model/content_part.hpp"

#include <cstdint>

namespace cochain {
namespace {

std::string to_base64(std::string_view bytes) {
  static constexpr char kDigits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string result;
  result.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t left = bytes.size() - i;
    const auto byte = [&](std::size_t n) -> std::uint32_t {
      return n < left ? static_cast<std::uint8_t>(bytes[i + n]) : 0U;
    };
    const std::uint32_t bits = byte(0) << 16U | byte(1) << 8U | byte(2);
    result += kDigits[bits >> 18U];
    result += kDigits[bits >> 12U & 63U];
    result += left > 1 ? kDigits[bits >> 6U & 63U] : '=';
    result += left > 2 ? kDigits[bits & 63U] : '=';
  }
  return result;
}

}  // namespace

ImagePart ImagePart::from_url(std::string url, std::string detail) {
  ImagePart part;
  part.url = std::move(url);
  part.detail = std::move(detail);
  return part;
}

ImagePart ImagePart::from_base64(std::string data, std::string mime_type, std::string detail) {
  ImagePart part;
  part.data = std::move(data);
  part.mime_type = std::move(mime_type);
  part.detail = std::move(detail);
  return part;
}

ImagePart ImagePart::from_bytes(std::string_view bytes, std::string mime_type, std::string detail) {
  return from_base64(to_base64(bytes), std::move(mime_type), std::move(detail));
}

FilePart FilePart::from_url(std::string url, std::string mime_type, std::string name) {
  FilePart part;
  part.url = std::move(url);
  part.mime_type = std::move(mime_type);
  part.name = std::move(name);
  return part;
}

FilePart FilePart::from_id(std::string file_id) {
  FilePart part;
  part.file_id = std::move(file_id);
  return part;
}

FilePart FilePart::from_base64(std::string data, std::string mime_type, std::string name) {
  FilePart part;
  part.data = std::move(data);
  part.mime_type = std::move(mime_type);
  part.name = std::move(name);
  return part;
}

FilePart FilePart::from_bytes(std::string_view bytes, std::string mime_type, std::string name) {
  return from_base64(to_base64(bytes), std::move(mime_type), std::move(name));
}

AudioPart AudioPart::from_url(std::string url, std::string mime_type) {
  AudioPart part;
  part.url = std::move(url);
  part.mime_type = std::move(mime_type);
  return part;
}

AudioPart AudioPart::from_base64(std::string data, std::string mime_type) {
  AudioPart part;
  part.data = std::move(data);
  part.mime_type = std::move(mime_type);
  return part;
}

AudioPart AudioPart::from_bytes(std::string_view bytes, std::string mime_type) {
  return from_base64(to_base64(bytes), std::move(mime_type));
}

}  // namespace cochain
