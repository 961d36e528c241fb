#include "distributed/rank_environment.h"

#include <gtest/gtest.h>

#include <map>

namespace tessera {
namespace {

using Variables = std::map<std::string, std::string>;

absl::StatusOr<std::optional<RankEnvironment>> Read(const Variables& variables) {
  return ReadRankEnvironment([&](const char* name) -> const char* {
    const auto found = variables.find(name);
    return found == variables.end() ? nullptr : found->second.c_str();
  });
}

const Variables kTorchrun = {{"RANK", "3"},
                             {"WORLD_SIZE", "4"},
                             {"MASTER_ADDR", "a.example"},
                             {"MASTER_PORT", "1234"},
                             {"TORCHELASTIC_RESTART_COUNT", "2"},
                             {"TORCHELASTIC_USE_AGENT_STORE", "True"}};

TEST(RankEnvironment, IsNothingForAProgramThatNoLauncherStarted) {
  EXPECT_FALSE(Read({})->has_value());
  EXPECT_FALSE(Read({{"SLURM_PROCID", "0"}, {"SLURM_NTASKS", "2"}})->has_value())
      << "a batch script runs a program alone until it names MASTER_ADDR";
}

TEST(RankEnvironment, IsWhatTorchrunSays) {
  const RankEnvironment found = **Read(kTorchrun);
  EXPECT_EQ(found.rank, 3);
  EXPECT_EQ(found.size, 4);
  EXPECT_EQ(found.host, "a.example");
  EXPECT_EQ(found.port, 1234);
  EXPECT_EQ(found.attempt, 2);
  EXPECT_TRUE(found.store_is_there);
}

TEST(RankEnvironment, IsWhatPlainVariablesSay) {
  const RankEnvironment found = **Read({{"RANK", "0"}, {"WORLD_SIZE", "2"}, {"MASTER_ADDR", "b"}});
  EXPECT_EQ(found.rank, 0);
  EXPECT_EQ(found.size, 2);
  EXPECT_EQ(found.port, 29500);
  EXPECT_FALSE(found.store_is_there);
}

TEST(RankEnvironment, IsWhatSlurmSaysOnceTheHostOfRankZeroIsNamed) {
  const RankEnvironment found =
      **Read({{"SLURM_PROCID", "5"}, {"SLURM_NTASKS", "8"}, {"MASTER_ADDR", "node1"}});
  EXPECT_EQ(found.rank, 5);
  EXPECT_EQ(found.size, 8);
  EXPECT_EQ(found.host, "node1");
}

TEST(RankEnvironment, NamesTheVariableThatIsMissingOrWrong) {
  const auto refusal = [](const char* name, const char* value) {
    Variables variables = kTorchrun;
    variables.erase(name);
    if (value != nullptr) {
      variables[name] = value;
    }
    return std::string(Read(variables).status().message());
  };
  EXPECT_NE(refusal("RANK", nullptr).find("RANK is missing"), std::string::npos);
  EXPECT_NE(refusal("WORLD_SIZE", "two").find("WORLD_SIZE is 'two'"), std::string::npos);
  EXPECT_NE(refusal("RANK", "-1").find("RANK is '-1'"), std::string::npos);
  EXPECT_NE(refusal("MASTER_PORT", "0").find("MASTER_PORT is '0'"), std::string::npos);
  EXPECT_NE(refusal("MASTER_ADDR", nullptr).find("MASTER_ADDR is missing"), std::string::npos);
  EXPECT_NE(refusal("RANK", "4").find("rank 4 of 4"), std::string::npos);
}

}  // namespace
}  // namespace tessera
