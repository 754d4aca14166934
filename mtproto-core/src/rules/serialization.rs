//! Reading TL.

use super::section::SERIALIZE;
use super::{Rule, rules};

rules! {
    tp_01 Must Both SERIALIZE "Strings up to 253 bytes have a one-byte length, longer ones four, and all are padded with zeroes to words." Core "tl/read.rs"
    tp_02 GoodPractice Both SERIALIZE "A string longer than its input is an error." Core "tl/read.rs"
    tp_03 GoodPractice Both SERIALIZE "Strings in another form than the canonical one are treated the same everywhere." Core "tl/read.rs"
    tp_04 GoodPractice Both SERIALIZE "An object that is cut off is an error wherever the cut is." Core "tl/read.rs"
    tp_05 GoodPractice Both SERIALIZE "What follows an object in a slot of known size is an error, or ignored everywhere." Core "tl/combinator.rs"
    tp_06 GoodPractice Both SERIALIZE "A vector longer than the rest of its input is an error before memory is taken." Core "tl/vector.rs"
    tp_07 GoodPractice Both SERIALIZE "Vectors of elements without size are bounded." Elsewhere "tl-parser: the service messages have no such vectors"
    tp_08 GoodPractice Both SERIALIZE "Nesting is bounded." Elsewhere "tl-parser: the service messages nest in two places, which sv_03 and sv_15 bound"
    tp_09 GoodPractice Both SERIALIZE "An unknown constructor makes the whole object an error and does not end the session." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_10 GoodPractice Both SERIALIZE "A constructor of another type is an error." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_11 Documented Both SERIALIZE "Boxed and bare forms are not interchangeable." Core "tl/vector.rs"
    tp_12 GoodPractice Both SERIALIZE "A Bool is one of two constructors." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_13 GoodPractice Both SERIALIZE "Unknown flags are ignored." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_14 GoodPractice Both SERIALIZE "Strings that are no text do no harm." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_15 GoodPractice Both SERIALIZE "Unusual floating-point numbers do no harm." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_16 GoodPractice Both SERIALIZE "Extreme integers do no harm." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_17 GoodPractice Both SERIALIZE "A generic slot does not make every object legal in it." Core "session/client_service.rs"
    tp_18 GoodPractice Both SERIALIZE "Writing what was read gives the same bytes." Core "tl/service.rs"
    tp_19 GoodPractice Both SERIALIZE "Every constructor of a layer can be read." Elsewhere "tl-parser: objects of the API are opaque to the core"
    tp_20 GoodPractice Both SERIALIZE "Random changes of valid objects do no harm." Core "tl/service.rs"
    tp_21 GoodPractice Client SERIALIZE "Constructors of older layers are handled as unknown ones." Elsewhere "tl-parser: layers"
    tp_22 GoodPractice Both SERIALIZE "Reading takes time in proportion to the input." Elsewhere "tl-parser: objects of the API are opaque to the core"
}
