#include "sequence/augment.h"

#include <gtest/gtest.h>

#include <cmath>
#include <set>

#include "config/toml.h"
#include "data/shapes/shapes.h"

namespace tessera {
namespace {

constexpr int64_t kTurns = 4000;

Segment Dot() { return Image{.height = 1, .width = 1, .rgb = {1, 2, 3}}; }
Document Captioned() { return {{"a dot", Dot()}}; }
Document Story() { return {{"a dot", Dot(), "again", Dot()}}; }

// Share of kTurns, with four standard errors around the truth.
void ExpectShare(int64_t count, double share) {
  EXPECT_NEAR(static_cast<double>(count) / kTurns, share,
              4 * std::sqrt(share * (1 - share) / kTurns));
}

TEST(Augment, TellsTheGivenShareOfCaptionedPicturesPictureFirst) {
  PresentationConfig config;
  config.picture_first = 0.3;
  int64_t swapped = 0;
  for (int64_t turn = 0; turn < kTurns; ++turn) {
    Document document = Captioned();
    Augment(document, config, 1, turn);
    ASSERT_EQ(document.segments.size(), 2);
    swapped += AsImage(document.segments[0]) != nullptr;
  }
  ExpectShare(swapped, 0.3);
}

TEST(Augment, KeepsTheOrderOfAllOtherDocuments) {
  PresentationConfig config;
  config.picture_first = 1;
  const Document reference{{"a dot", Dot()}, {0}};  // its text is read and not learnt
  const Document others[] = {Story(), {{Dot(), "a dot"}}, {{"a", "b"}}, {{"a"}}, {}, reference};
  for (const Document& other : others) {
    Document document = other;
    Augment(document, config, 1, 0);
    EXPECT_EQ(document, other);
  }
}

TEST(Augment, DropsTheTextOfTheGivenShareOfDocumentsInWhichAPictureFollows) {
  PresentationConfig config;
  config.picture_first = 0;
  config.drop_text = 0.2;
  int64_t dropped = 0;
  for (int64_t turn = 0; turn < kTurns; ++turn) {
    Document document = Captioned();
    dropped += Augment(document, config, 1, turn).drop_text;
  }
  ExpectShare(dropped, 0.2);
  config.drop_text = 1;
  for (Document document : {Document{{Dot(), "a dot"}}, Document{{"a dot"}}, Document()}) {
    EXPECT_FALSE(Augment(document, config, 1, 0).drop_text);
  }
}

TEST(Augment, HidesAllPicturesButTheLastOfTheGivenShare) {
  PresentationConfig config;
  config.drop_images = 0.4;
  int64_t hidden = 0;
  for (int64_t turn = 0; turn < kTurns; ++turn) {
    Document document = Story();
    const Presentation presentation = Augment(document, config, 1, turn);
    if (!presentation.hidden.empty()) {
      EXPECT_EQ(presentation.hidden, std::vector<bool>{true});
      ++hidden;
    }
    document = Captioned();
    EXPECT_TRUE(Augment(document, config, 1, turn).hidden.empty());
  }
  ExpectShare(hidden, 0.4);
}

TEST(Augment, DrawsNoiseByWhetherTextPrecedesThePicture) {
  PresentationConfig config;
  config.noise_generated = 0.5;
  config.noise_read = 0.1;
  double sums[2] = {0, 0};
  for (int64_t turn = 0; turn < kTurns; ++turn) {
    Document document{{Dot(), "a dot", Dot()}};
    const Presentation presentation = Augment(document, config, 1, turn);
    ASSERT_EQ(presentation.noise.size(), 2);
    for (int k = 0; k < 2; ++k) {
      EXPECT_GE(presentation.noise[k], 0);
      EXPECT_LT(presentation.noise[k], k == 0 ? 0.1 : 0.5);
      sums[k] += presentation.noise[k];
    }
  }
  EXPECT_NEAR(sums[0] / kTurns, 0.05, 4 * 0.1 / std::sqrt(12.0 * kTurns));
  EXPECT_NEAR(sums[1] / kTurns, 0.25, 4 * 0.5 / std::sqrt(12.0 * kTurns));
}

TEST(Augment, OneKnobMovesNoOther) {
  PresentationConfig config;
  PresentationConfig other = config;
  other.picture_first = 0;
  other.drop_images = 1;
  for (int64_t turn = 0; turn < 100; ++turn) {
    Document a = Story(), b = Story();
    const Presentation x = Augment(a, config, 3, turn), y = Augment(b, other, 3, turn);
    EXPECT_EQ(x.drop_text, y.drop_text);
    EXPECT_EQ(x.noise, y.noise);
  }
}

TEST(Augment, GivesEveryTurnAnOrderKeyOfItsOwn) {
  std::set<uint64_t> keys;
  for (int64_t turn = 0; turn < kTurns; ++turn) {
    Document document = Captioned();
    keys.insert(Augment(document, PresentationConfig(), 1, turn).order_key);
  }
  EXPECT_EQ(keys.size(), kTurns);
}

// What a key of [data.show] decides of documents. prompt_weight is read after Augment, of a text
// that stands before a picture then.
struct Knob {
  const char* key;
  double PresentationConfig::*value;
};
constexpr Knob kKnobs[] = {{"picture_first", &PresentationConfig::picture_first},
                           {"drop_text", &PresentationConfig::drop_text},
                           {"drop_images", &PresentationConfig::drop_images},
                           {"noise_generated", &PresentationConfig::noise_generated},
                           {"noise_read", &PresentationConfig::noise_read},
                           {"prompt_weight", &PresentationConfig::prompt_weight}};

bool Changes(const Knob& knob, PresentationConfig config, const std::vector<Document>& documents) {
  PresentationConfig other = config;
  config.*knob.value = 0;
  other.*knob.value = 1;
  for (int64_t turn = 0; turn < 50; ++turn) {
    Document a = documents[static_cast<size_t>(turn) % documents.size()], b = a;
    const Presentation x = Augment(a, config, 1, turn), y = Augment(b, other, 1, turn);
    const bool prompts = AsText(a.segments.front()) && config.prompt_weight != other.prompt_weight;
    if (prompts || a != b || x.drop_text != y.drop_text || x.hidden != y.hidden ||
        x.noise != y.noise) {
      return true;
    }
  }
  return false;
}

void ExpectEffects(const DataConfig& config, const std::vector<Document>& documents) {
  for (const Knob& knob : kKnobs) {
    for (const FieldInfo& field : ListFields(config)) {
      if (field.path == "show." + std::string(knob.key)) {
        EXPECT_EQ(Changes(knob, config.show, documents), field.active)
            << knob.key << ", kind " << EnumName(config.kind) << ", variant "
            << EnumName(config.shapes.variant);
      }
    }
  }
}

TEST(Augment, HasAKeyExactlyWhereItChangesADocument) {
  DataConfig config;
  config.show.drop_images = config.show.noise_read = .5;
  for (size_t i = 0; i < EnumNames(ShapesVariant{}).size(); ++i) {
    config.shapes.variant = static_cast<ShapesVariant>(i);
    const auto shapes = MakeShapes(config.shapes, Split::kTrain, 16);
    ASSERT_TRUE(shapes.ok());
    std::vector<Document> documents;
    for (int64_t index = 0; index < 20; ++index) {
      documents.push_back((*shapes)->Get(index).value());
    }
    ExpectEffects(config, documents);
  }
  config.kind = DataKind::kImageFolder;
  ExpectEffects(config, {Captioned(), {{Dot()}}});
  config.kind = DataKind::kDocuments;
  ExpectEffects(config, {Captioned(), Story(), {{Dot(), "a dot", Dot()}}});
}

}  // namespace
}  // namespace tessera
