// Allocates through templates, namespaces, lambdas, operators new and inlined functions.
//
// usage: containers ROUNDS. Run under jemalloc with prof:true,prof_final:true.
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

namespace {
struct hidden {
  std::string text;
  explicit hidden(int n) : text(static_cast<size_t>(50 + n % 100), 'x') {}
};
} // namespace

namespace shop {
template <typename Key, typename Value> class cache {
public:
  __attribute__((noinline)) void put(const Key &key, Value value) { entries_[key] = std::move(value); }
  size_t size() const { return entries_.size(); }

private:
  std::unordered_map<Key, Value> entries_;
};

struct price {
  double amount[16];
  __attribute__((noinline)) price operator+(const price &other) const {
    auto *copy = new price(*this);
    for (int i = 0; i < 16; i++) copy->amount[i] += other.amount[i];
    leaked().push_back(copy);
    return *copy;
  }
  static std::vector<price *> &leaked() {
    static auto *all = new std::vector<price *>;
    return *all;
  }
};
} // namespace shop

static inline void inlined(std::vector<char *> &blocks, size_t size) { blocks.push_back(new char[size]); }

int main(int argc, char **argv) {
  int rounds = argc > 1 ? std::atoi(argv[1]) : 1000;
  auto *cache = new shop::cache<std::string, std::shared_ptr<hidden>>;
  auto *numbers = new std::map<int, std::vector<long>>;
  auto *blocks = new std::vector<char *>;
  shop::price sum{};
  const std::function<void(int)> step = [&](int round) {
    cache->put("key " + std::to_string(round % 500), std::make_shared<hidden>(round));
    (*numbers)[round % 100].assign(static_cast<size_t>(100 + round % 50), round);
    inlined(*blocks, static_cast<size_t>(round % 3000));
    if (round % 10 == 0) sum = sum + shop::price{};
  };
  for (int round = 0; round < rounds; round++) step(round);
  return cache->size() == 0;
}
