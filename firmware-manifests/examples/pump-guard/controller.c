/* Empties a sump with one pump and two float switches.
 *
 * float-low   active while there is water for the pump
 * float-high  active while the sump is nearly full
 *
 * Invariants: the pump never runs without water (dry run), never longer than max-run-ms at a time,
 * and rests rest-ms after such a run. When the floats contradict each other, or cannot be read, it
 * stays off. No libc, no allocator. */
#include "airssys.h"

#define MAX_RUN_MS_DEFAULT 120000u
#define REST_MS_DEFAULT 30000u
#define CHECK_INTERVAL_MS 1000u
#define NS_PER_MS 1000000u

static const airssys_string LINE_PUMP = {"pump", 4};
static const airssys_string LINE_LOW = {"float-low", 9};
static const airssys_string LINE_HIGH = {"float-high", 10};
static const airssys_string TIMER_CHECK = {"check", 5};
static const airssys_string TIMER_RUN = {"run", 3};

typedef enum { IDLE, PUMPING, RESTING } phase;

typedef struct {
  phase phase;
  bool low;
  bool high;
  bool floats_known;
  uint32_t max_run_ms;
  uint32_t rest_ms;
  /* Monotonic milliseconds at which the present phase began. */
  uint64_t since_ms;
} guard;

static guard state;

/* Pure: what the pump should do next. */
static phase next_phase(const guard *now, uint64_t now_ms) {
  uint64_t elapsed_ms = now_ms - now->since_ms;
  bool has_water = now->floats_known && now->low;
  switch (now->phase) {
    case PUMPING:
      if (!has_water) return IDLE;
      return elapsed_ms >= now->max_run_ms ? RESTING : PUMPING;
    case RESTING:
      return elapsed_ms >= now->rest_ms ? IDLE : RESTING;
    default:
      return has_water && now->high ? PUMPING : IDLE;
  }
}

static void say(wasi_logging_level level, const char *text, size_t length) {
  wasi_logging_log(level, AIRSSYS_STRING("pump-guard"), (airssys_string){text, length});
}
#define SAY(level, literal) say(level, literal, sizeof(literal) - 1)

static uint64_t now_ms(void) { return wasi_clocks_monotonic_clock_now() / NS_PER_MS; }

static void enter(phase next, uint64_t at_ms) {
  bool pumps = next == PUMPING;
  int code = airssys_gpio_digital_write(LINE_PUMP,
                                        pumps ? AIRSSYS_GPIO_DIGITAL_LINE_STATE_ACTIVE
                                              : AIRSSYS_GPIO_DIGITAL_LINE_STATE_INACTIVE,
                                        NULL);
  /* A pump that cannot be stopped is worse than none: end, and the gateway makes the line safe. */
  if (code != 0) {
    SAY(WASI_LOGGING_LEVEL_ERROR, "the pump's line refused a write");
    __builtin_trap();
  }
  state.phase = next;
  state.since_ms = at_ms;
  if (pumps) {
    airssys_timer_timers_set_timeout(TIMER_RUN, state.max_run_ms, NULL);
    SAY(WASI_LOGGING_LEVEL_INFO, "pump on");
  } else if (next == RESTING) {
    SAY(WASI_LOGGING_LEVEL_WARN, "pump off: maximum run time reached");
  } else {
    SAY(WASI_LOGGING_LEVEL_INFO, "pump off");
  }
}

static void step(void) {
  uint64_t at_ms = now_ms();
  phase next = next_phase(&state, at_ms);
  if (next == state.phase) return;
  bool rested = state.phase == RESTING;
  if (rested) {
    state.phase = IDLE;
    state.since_ms = at_ms;
    next = next_phase(&state, at_ms);
    if (next == IDLE) return;
  }
  enter(next, at_ms);
}

static bool read_line(airssys_string label, bool *active) {
  airssys_gpio_digital_line_state line = 0;
  if (airssys_gpio_digital_read(label, &line, NULL) != 0) return false;
  *active = line == AIRSSYS_GPIO_DIGITAL_LINE_STATE_ACTIVE;
  return true;
}

/* Also called without an edge: an edge may have been lost. */
static void read_floats(void) {
  state.floats_known = read_line(LINE_LOW, &state.low) && read_line(LINE_HIGH, &state.high);
}

/* A decimal number of at most 9 digits, or the default. */
static uint32_t config_number(airssys_string key, uint32_t otherwise) {
  airssys_option_string value = {0};
  if (wasi_config_store_get(key, &value, NULL) != 0 || !value.is_some) return otherwise;
  if (value.value.len == 0 || value.value.len > 9) return otherwise;
  uint32_t number = 0;
  for (size_t i = 0; i < value.value.len; i++) {
    char digit = value.value.ptr[i];
    if (digit < '0' || digit > '9') return otherwise;
    number = number * 10 + (uint32_t)(digit - '0');
  }
  return number == 0 ? otherwise : number;
}

int airssys_lifecycle_controller_start(const airssys_lifecycle_controller_start_context *context,
                                       airssys_string *error) {
  (void)context;
  state.max_run_ms = config_number(AIRSSYS_STRING("max-run-ms"), MAX_RUN_MS_DEFAULT);
  state.rest_ms = config_number(AIRSSYS_STRING("rest-ms"), REST_MS_DEFAULT);
  if (airssys_timer_timers_set_interval(TIMER_CHECK, CHECK_INTERVAL_MS, NULL) != 0) {
    *error = AIRSSYS_STRING("no timer: grant time:tick[>=100ms]");
    return 1;
  }
  if (airssys_gpio_digital_write(LINE_PUMP, AIRSSYS_GPIO_DIGITAL_LINE_STATE_INACTIVE, NULL) != 0) {
    *error = AIRSSYS_STRING("the line pump cannot be written");
    return 1;
  }
  state.since_ms = now_ms();
  read_floats();
  step();
  return 0;
}

void airssys_lifecycle_controller_stop(uint32_t deadline_ms) {
  (void)deadline_ms;
  airssys_gpio_digital_write(LINE_PUMP, AIRSSYS_GPIO_DIGITAL_LINE_STATE_INACTIVE, NULL);
}

void airssys_lifecycle_controller_health(airssys_lifecycle_controller_health_report *value) {
  value->tag = AIRSSYS_LIFECYCLE_CONTROLLER_HEALTH_REPORT_DEGRADED;
  if (!state.floats_known) {
    value->tag = AIRSSYS_LIFECYCLE_CONTROLLER_HEALTH_REPORT_UNHEALTHY;
    value->val.unhealthy = AIRSSYS_STRING("a float switch cannot be read; the pump is off");
  } else if (state.high && !state.low) {
    value->val.degraded = AIRSSYS_STRING("the float switches disagree; the pump is off");
  } else if (state.phase == RESTING) {
    value->val.degraded = AIRSSYS_STRING("the pump rests after its maximum run time");
  } else {
    value->tag = AIRSSYS_LIFECYCLE_CONTROLLER_HEALTH_REPORT_HEALTHY;
  }
}

void airssys_gpio_edge_handler_on_edge(const airssys_gpio_edge_handler_edge_event *event) {
  bool active = event->edge == AIRSSYS_GPIO_EDGE_HANDLER_EDGE_RISING;
  if (airssys_string_equal(event->label, LINE_LOW)) state.low = active;
  if (airssys_string_equal(event->label, LINE_HIGH)) state.high = active;
  step();
}

void airssys_timer_tick_handler_on_tick(const airssys_timer_tick_handler_tick *tick) {
  (void)tick;
  read_floats();
  step();
}
