//! What the simulated cloud of the planner's tests shows of a gateway.

use gwplan::kinds::GATEWAY;
use gwplan::model::{Attributes, Value};
use gwplan::schema::{Field, Read, Shape};

/// Takes out what the cloud shows nowhere.
pub(crate) fn shown(attributes: &Attributes) -> Attributes {
    fn hide(fields: &[Field], attributes: &mut Attributes) {
        for field in fields {
            if field.read == Read::Unlisted {
                attributes.remove(field.key);
            }
            if let (Shape::Object(inner), Some(Value::Map(map))) =
                (&field.shape, attributes.get_mut(field.key))
            {
                hide(inner, map);
            }
        }
    }
    let mut shown = attributes.clone();
    hide(GATEWAY.fields, &mut shown);
    shown
}
