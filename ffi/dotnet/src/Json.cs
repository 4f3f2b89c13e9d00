using System;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using Newtonsoft.Json;
using Newtonsoft.Json.Linq;

namespace Tenantry
{
    // From and to the JSON of the door. What is read comes from the library; where it is not as expected, package and library are of
    // different versions, and that is said.
    internal static class Json
    {
        internal static JToken Parse(string text)
        {
            using (var reader = new JsonTextReader(new StringReader(text)))
            {
                // A text that looks like a moment stays a text.
                reader.DateParseHandling = DateParseHandling.None;
                reader.FloatParseHandling = FloatParseHandling.Double;
                reader.MaxDepth = 512;
                return JToken.ReadFrom(reader);
            }
        }

        // What is read.

        internal static bool Has(JToken d)
        {
            return d != null && d.Type != JTokenType.Null;
        }

        internal static JToken Need(JToken d, string name)
        {
            var found = d is JObject ? d[name] : null;
            if (found == null) throw new FormatException("The library's answer has no `" + name + "`: use a package and a library of one version.");
            return found;
        }

        internal static bool Is(JToken d, string word)
        {
            return d.Type == JTokenType.String && (string)d == word;
        }

        internal static bool Holds(JToken d, string word)
        {
            return d is JObject && d[word] != null;
        }

        internal static string Text(JToken d)
        {
            if (d.Type != JTokenType.String) throw Unknown(d, "text");
            return (string)d;
        }

        internal static long Integer(JToken d)
        {
            if (d.Type != JTokenType.Integer) throw Unknown(d, "number");
            return (long)d;
        }

        internal static double Number(JToken d)
        {
            if (d.Type != JTokenType.Integer && d.Type != JTokenType.Float) throw Unknown(d, "number");
            return (double)d;
        }

        internal static bool Flag(JToken d)
        {
            if (d.Type != JTokenType.Boolean) throw Unknown(d, "flag");
            return (bool)d;
        }

        internal static Guid Id(JToken d)
        {
            Guid id;
            if (!Guid.TryParseExact(Text(d), "D", out id)) throw Unknown(d, "id");
            return id;
        }

        internal static DateTimeOffset Time(JToken d)
        {
            return DateTimeOffset.Parse(Text(d), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal);
        }

        internal static JObject Object(JToken d)
        {
            var found = d as JObject;
            if (found == null) throw Unknown(d, "object");
            return found;
        }

        internal static int Word(JToken d, string[] spelled, string of)
        {
            var place = Array.IndexOf(spelled, Text(d));
            if (place < 0) throw Unknown(d, of);
            return place;
        }

        internal static int Status(JToken d)
        {
            int number;
            if (!StatusNames.Numbers.TryGetValue(Text(d), out number)) throw Unknown(d, "status");
            return number;
        }

        internal static T[] List<T>(JToken d, Func<JToken, T> read)
        {
            if (!Has(d)) return new T[0];
            var items = d as JArray;
            if (items == null) throw Unknown(d, "list");
            var made = new T[items.Count];
            for (var place = 0; place < made.Length; place++) made[place] = read(items[place]);
            return made;
        }

        internal static Dictionary<string, T> Map<T>(JToken d, Func<JToken, T> read)
        {
            var made = new Dictionary<string, T>(StringComparer.Ordinal);
            if (Has(d))
            {
                foreach (var one in Object(d)) made[one.Key] = read(one.Value);
            }
            return made;
        }

        internal static T Maybe<T>(JToken d, Func<JToken, T> read) where T : class
        {
            return Has(d) ? read(d) : null;
        }

        internal static T? MaybeValue<T>(JToken d, Func<JToken, T> read) where T : struct
        {
            return Has(d) ? read(d) : (T?)null;
        }

        internal static FormatException Unknown(JToken d, string of)
        {
            return new FormatException(
                "The library says `" + d.ToString(Formatting.None) + "`, which this package does not know as " + of +
                ": use a package and a library of one version.");
        }

        // What is written.

        internal static T There<T>(T value, string what) where T : class
        {
            if (value == null) throw new ArgumentException("It is null, which it may not be: " + what + ".", what);
            return value;
        }

        internal static JToken Null()
        {
            return JValue.CreateNull();
        }

        internal static JToken Write(string text)
        {
            if (text == null) throw new ArgumentException("A text is null.");
            return new JValue(text);
        }

        internal static JToken Write(long number)
        {
            return new JValue(number);
        }

        internal static JToken Write(double number)
        {
            if (double.IsNaN(number) || double.IsInfinity(number)) throw new ArgumentException("A number is none that JSON has.");
            return new JValue(number);
        }

        internal static JToken Write(bool flag)
        {
            return new JValue(flag);
        }

        internal static JToken Write(Guid id)
        {
            return new JValue(Ids.Write(id));
        }

        internal static JToken Write(DateTimeOffset time)
        {
            return new JValue(time.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
        }

        internal static JToken Word(int place, string[] spelled, string of)
        {
            if (place < 0 || place >= spelled.Length) throw new ArgumentException("There is no " + of + " " + place + ".");
            return new JValue(spelled[place]);
        }

        internal static JToken List<T>(IEnumerable<T> items, Func<T, JToken> write)
        {
            var made = new JArray();
            foreach (var one in items)
            {
                if (one == null) throw new ArgumentException("An item of a list is null.");
                made.Add(write(one));
            }
            return made;
        }

        internal static JToken Map<T>(IEnumerable<KeyValuePair<string, T>> items, Func<T, JToken> write)
        {
            var made = new JObject();
            foreach (var one in items)
            {
                if (one.Value == null) throw new ArgumentException("An item of a table is null.");
                made[one.Key] = write(one.Value);
            }
            return made;
        }
    }
}
