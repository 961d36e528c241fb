// N = numbers of a bucket, W = ranks, C = numbers of a chunk, the part of a bucket that a rank
// sums.
#include "distributed/gradient_sum.h"

#include <ATen/Functions.h>
#include <torch/utils.h>

#include <algorithm>
#include <torch/csrc/distributed/c10d/reducer.hpp>
#include <unordered_map>

#include "distributed/process_groups.h"

namespace tessera {
namespace {

using c10::ivalue::Future;
using FuturePointer = c10::intrusive_ptr<Future>;

// The Reducer warns of batches in which every parameter has a gradient; others have not.
struct Silence : c10::WarningHandler {
  void process(const c10::Warning&) override {}
};

// The tree over ranks. Changes the rows.
Tensor TreeSum(const Tensor& x_WC) {
  const std::vector<Tensor> rows = x_WC.unbind(0);
  const size_t num = rows.size();
  for (size_t stride = 1; stride < num; stride *= 2) {
    for (size_t i = 0; i + stride < num; i += 2 * stride) {
      rows[i].add_(rows[i + stride]);
    }
  }
  return rows[0];
}

// Calls `then` when the work is done, on a thread of its group; an error of either ends `whole`.
void Then(const c10::intrusive_ptr<c10d::Work>& work, const FuturePointer& whole,
          std::function<void()> then) {
  work->getFuture()->addCallback([whole, then = std::move(then)](Future& done) {
    try {
      if (done.hasError()) {
        std::rethrow_exception(done.exception_ptr());
      }
      const c10::ParallelGuard serial(true);  // threads of its own would disturb those that compute
      const torch::NoGradGuard no_grad;
      then();
    } catch (...) {
      whole->setError(std::current_exception());
    }
  });
}

// One bucket on its way: each rank gets a chunk of it from all ranks, sums that, and hands the sum
// out. The order of the sum is the tree's, which no library's all-reduce promises.
class BucketSum {
 public:
  BucketSum(const ProcessGroups& groups, const Tensor& bucket_N)
      : groups_(groups),
        bucket_N_(bucket_N),
        ranks_(groups.group->getSize()),
        chunk_((bucket_N.numel() + ranks_ - 1) / ranks_),
        whole_(c10::make_intrusive<Future>(c10::TensorType::get())) {}

  static FuturePointer Start(const std::shared_ptr<BucketSum>& self) {
    const int64_t rank = self->groups_.group->getRank();
    std::vector<int64_t> sent;
    for (int64_t i = 0; i < self->ranks_; ++i) {
      sent.push_back(self->SizeOf(i));
    }
    std::vector<int64_t> received(self->ranks_, self->SizeOf(rank));
    self->received_ = at::empty({self->ranks_ * self->SizeOf(rank)}, self->bucket_N_.options());
    Then(self->groups_.group->all_to_all_single(self->received_, self->bucket_N_, received, sent),
         self->whole_, [self] { HandOut(self); });
    return self->whole_;
  }

 private:
  // The size of a rank's chunk: the last ones may be smaller, or empty.
  int64_t SizeOf(int64_t rank) const {
    const int64_t numbers = bucket_N_.numel();
    return std::min((rank + 1) * chunk_, numbers) - std::min(rank * chunk_, numbers);
  }

  static void HandOut(const std::shared_ptr<BucketSum>& self) {
    Tensor sum_C = TreeSum(self->received_.view({self->ranks_, -1}));
    if (sum_C.numel() < self->chunk_) {
      sum_C = at::constant_pad_nd(sum_C, {0, self->chunk_ - sum_C.numel()});
    }
    const bool even = self->bucket_N_.numel() == self->ranks_ * self->chunk_;
    self->summed_ = even ? self->bucket_N_
                         : at::empty({self->ranks_ * self->chunk_}, self->bucket_N_.options());
    Then(self->groups_.after->all_gather_single(self->summed_, sum_C), self->whole_,
         [self, sum_C, even] {
           if (!even) {
             self->bucket_N_.copy_(self->summed_.narrow(0, 0, self->bucket_N_.numel()));
           }
           self->whole_->markCompleted(self->bucket_N_);
         });
  }

  const ProcessGroups& groups_;
  Tensor bucket_N_;
  int64_t ranks_, chunk_;
  Tensor received_, summed_;
  FuturePointer whole_;
};

std::vector<Tensor> InNeedOfGradients(std::vector<Tensor> parameters) {
  std::erase_if(parameters, [](const Tensor& parameter) { return !parameter.requires_grad(); });
  return parameters;
}

std::vector<std::vector<size_t>> BucketsOf(const std::vector<Tensor>& parameters) {
  // As DistributedDataParallel does: a small first bucket begins early, and gradients come from the
  // last parameter to the first.
  const std::vector<Tensor> backwards(parameters.rbegin(), parameters.rend());
  std::vector<std::vector<size_t>> buckets = std::get<0>(c10d::compute_bucket_assignment_by_size(
      backwards, {c10d::kDefaultFirstBucketBytes, c10d::kDefaultBucketBytesCap}));
  for (std::vector<size_t>& bucket : buckets) {
    for (size_t& index : bucket) {
      index = parameters.size() - 1 - index;
    }
  }
  return buckets;
}

}  // namespace

class GradientSum::SumHook : public c10d::CommHookInterface {
 public:
  explicit SumHook(GradientSum& sum) : sum_(sum) {}

  FuturePointer runHook(c10d::GradBucket& bucket) override {
    const torch::NoGradGuard no_grad;
    sum_.AddAsideTo(bucket);
    return BucketSum::Start(std::make_shared<BucketSum>(*sum_.ranks_.groups(), bucket.getBuffer()));
  }

  Tensor parseHookResult(const c10::IValue& result) override { return result.toTensor(); }

 private:
  GradientSum& sum_;
};

GradientSum::GradientSum(std::vector<Tensor> parameters, const Ranks& ranks)
    : parameters_(InNeedOfGradients(std::move(parameters))),
      ranks_(ranks),
      reduced_(parameters_.size()) {
  if (ranks.alone() || parameters_.empty()) {
    return;
  }
  // Batches without pictures or texts leave parameters without a gradient: find_unused_parameters.
  reducer_ = std::make_unique<c10d::Reducer>(
      parameters_, BucketsOf(parameters_), ranks.groups()->group,
      /*expect_sparse_gradients=*/std::vector<bool>(parameters_.size(), false),
      c10d::kDefaultBucketBytesCap, /*find_unused_parameters=*/true,
      /*gradient_as_bucket_view=*/true, /*param_names=*/std::unordered_map<size_t, std::string>(),
      c10d::kDefaultFirstBucketBytes, /*skip_all_reduce_unused_params=*/false,
      /*use_python_reducer=*/false, /*bucket_bytes_cap_list=*/std::vector<int64_t>());
  reducer_->register_comm_hook(std::make_unique<SumHook>(*this));
}

GradientSum::~GradientSum() = default;

void GradientSum::Add(const Tensor& loss, int64_t item, int64_t items) {
  if (item > 0 && item % 2 == 0) {
    SetAside();
  }
  const bool last = item + 1 == items;
  if (last && reducer_ != nullptr) {
    BackwardAndReduce(loss);
    return;
  }
  Backward(loss);
  // A binary counter: the items of two equal parts that are complete become one part.
  for (int64_t level = item / 2; item % 2 == 1 && level % 2 == 1 && !last; level /= 2) {
    AddLastAside();
  }
  while (last && !aside_.empty()) {
    AddLastAside();
  }
}

void GradientSum::Backward(const Tensor& loss) {
  if (loss.requires_grad()) {
    loss.backward();
  }
}

void GradientSum::BackwardAndReduce(const Tensor& loss) {
  const bool depends = loss.requires_grad();
  const Tensor root = depends ? loss : parameters_.front().view({-1})[0] * 0;
  std::ranges::fill(reduced_, Tensor());
  Silence silence;
  const c10::WarningUtils::WarningHandlerGuard guard(&silence);
  OrRankLost([&] {
    reducer_->prepare_for_backward({root});
    root.backward();
  });
  aside_.clear();
  for (size_t i = 0; i < parameters_.size(); ++i) {
    if (!parameters_[i].grad().defined()) {  // used by other ranks, or in earlier items
      parameters_[i].mutable_grad() = reduced_[i];
    }
  }
}

void GradientSum::SetAside() {
  std::vector<Tensor> sums;
  for (Tensor& parameter : parameters_) {
    sums.push_back(parameter.grad());
    parameter.mutable_grad() = Tensor();
  }
  aside_.push_back(std::move(sums));
}

void GradientSum::AddLastAside() {
  const torch::NoGradGuard no_grad;
  for (size_t i = 0; i < parameters_.size(); ++i) {
    const Tensor& before = aside_.back()[i];
    Tensor& gradient = parameters_[i].mutable_grad();
    if (before.defined()) {
      gradient = gradient.defined() ? gradient.add_(before) : before;
    }
  }
  aside_.pop_back();
}

void GradientSum::AddAsideTo(c10d::GradBucket& bucket) {
  const std::vector<Tensor> gradients = bucket.getGradients();
  const std::vector<Tensor> of = bucket.getParameters();
  for (size_t i = 0; i < gradients.size(); ++i) {
    const auto found = std::ranges::find_if(
        parameters_, [&](const Tensor& parameter) { return parameter.is_same(of[i]); });
    const size_t index = found - parameters_.begin();
    for (auto sums = aside_.rbegin(); sums != aside_.rend(); ++sums) {
      if ((*sums)[index].defined()) {
        gradients[i].add_((*sums)[index]);
      }
    }
    reduced_[index] = gradients[i];
  }
}

}  // namespace tessera
