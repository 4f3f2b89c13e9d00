using System;
using System.Collections.Generic;
using System.IO;
using System.Text;

namespace Journeys
{
    // Journeys: what tenantry is for, each on an SQLite file of its own. Prints what happened; decides nothing itself.
    internal static class Program
    {
        private const string Usage =
            "usage: journeys [JOURNEY ...]\n\n" +
            "Plays the journeys, all of them if none is named, each on an SQLite file that it creates and removes at the end.\n\n" +
            "journeys: fully, review, preview\n";

        private static readonly Dictionary<string, Action<Stage>> Known = new Dictionary<string, Action<Stage>>
        {
            { "fully", Fully.Play },
            { "review", Review.Play },
            { "preview", Preview.Play },
        };

        private static int Main(string[] wanted)
        {
            // The same letters and ends of lines wherever it runs.
            using (var to = new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)) { NewLine = "\n" })
            {
                Console.SetOut(to);
                if (wanted.Length == 1 && wanted[0] == "--help")
                {
                    Console.Write(Usage);
                    return 0;
                }
                var directory = Path.Combine(Path.GetTempPath(), "tenantry-journeys-" + Guid.NewGuid().ToString("N"));
                Directory.CreateDirectory(directory);
                try
                {
                    var names = wanted.Length == 0 ? new List<string>(Known.Keys).ToArray() : wanted;
                    for (var place = 0; place < names.Length; place++)
                    {
                        Action<Stage> play;
                        if (!Known.TryGetValue(names[place], out play)) throw new Stop("there is no journey `" + names[place] + "`; try --help");
                        if (place > 0) Console.Write("\n\n");
                        using (var stage = new Stage(Path.Combine(directory, place + ".db"))) play(stage);
                    }
                    return 0;
                }
                catch (Exception failed) when (failed is Stop || failed is Tenantry.TenantryException || failed is Tenantry.LibraryException)
                {
                    Console.Error.WriteLine("journeys: " + failed.Message);
                    return 1;
                }
                finally
                {
                    Directory.Delete(directory, true);
                }
            }
        }
    }

    // Something did not go as the story says.
    internal sealed class Stop : Exception
    {
        internal Stop(string message) : base(message) { }
    }
}
