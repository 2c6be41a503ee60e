/* The guest of the linker's benchmarks: the canonical ABI by hand, no library, hardly an allocator.
 * `handle` answers with the payload it was given; `nothing` does nothing. */
#include <stddef.h>
#include <stdint.h>

#define EXPORT(name) __attribute__((export_name(name), used))

static uint8_t heap[65536];
static uint32_t heap_used;

/* Laid out as result<list<u8>, string> in memory: tag, pointer, length. */
static struct {
  uint8_t tag;
  const uint8_t *bytes;
  uint32_t length;
} answer;

EXPORT("cabi_realloc")
void *cabi_realloc(void *old, uint32_t old_size, uint32_t align, uint32_t size) {
  (void)old;
  (void)old_size;
  uint32_t at = (heap_used + align - 1) & ~(align - 1);
  if (size > sizeof heap || at > sizeof heap - size) __builtin_trap();
  heap_used = at + size;
  return heap + at;
}

EXPORT("bench:echo/echo#handle")
void *handle(const char *topic, uint32_t topic_length, const uint8_t *bytes, uint32_t length) {
  (void)topic;
  (void)topic_length;
  answer.tag = 0;
  answer.bytes = bytes;
  answer.length = length;
  return &answer;
}

EXPORT("cabi_post_bench:echo/echo#handle")
void handle_post(void *result) {
  (void)result;
  heap_used = 0;
}

EXPORT("bench:echo/echo#nothing")
void nothing(void) {}
