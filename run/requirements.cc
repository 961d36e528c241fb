#include "run/requirements.h"

#include "absl/strings/str_cat.h"
#include "config/status.h"

namespace tessera {

absl::Status CheckHasModel(const std::string& path, const Run& run) {
  return run.model == nullptr
             ? absl::FailedPreconditionError(absl::StrCat(
                   "'", path,
                   "' is an autoencoder of patches, which neither reads texts nor draws;",
                   " train a model on its codes with model.autoencoder.path=", path))
             : absl::OkStatus();
}

absl::Status CheckGeneratesImages(const std::string& path, const Run& run) {
  RETURN_IF_ERROR(CheckHasModel(path, run));
  return run.config.model.generates_images()
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   "'", path, "' reads pictures and draws none, because of its ",
                   run.config.model.arrangement.generates_images() ? "model.input.kind = resampler"
                                                                   : "model.mask = block-diagonal",
                   "; ask it for a text behind a picture"));
}

absl::Status CheckStatesPredictPatches(const std::string& path, const Run& run) {
  RETURN_IF_ERROR(CheckHasModel(path, run));
  const Arrangement& arrangement = run.config.model.arrangement;
  return arrangement.states_predict_patches()
             ? absl::OkStatus()
             : absl::FailedPreconditionError(absl::StrCat(
                   "'", path, "' was trained with model.objective = ",
                   std::string(EnumName(arrangement.objective)),
                   "; this command looks at hidden states that predict the next patch, which only ",
                   "objective head has"));
}

}  // namespace tessera
