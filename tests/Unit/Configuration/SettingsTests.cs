using GovChain.Node.Configuration;
using GovChain.Tests.Unit.Specification;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Configuration;

/// <summary>
/// Goal: the documents, the example file and the reader are one list of settings. With UPDATE_VECTORS=1 the generated parts
/// are written.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
internal sealed class SettingsTests
{
    [Test]
    public void Document_HasTheTableOfTheCode() =>
        Repository.HoldPart("docs/CONFIGURATION.md", "generated from Settings", SettingText.Table());

    [Test]
    public void ExampleFile_IsTheCodes() => Repository.Hold("ops/node.example.json", SettingText.Example());

    [Test]
    public void Settings_AreThoseThatTheReaderAsksFor_AndNoOthers()
    {
        string directory = Directory.CreateTempSubdirectory("govchain-config-").FullName;
        try
        {
            // A name that nobody asks for makes the reader say which names it knows, section by section.
            string file = Path.Combine(directory, "node.json");
            string sections = string.Join(", ", Sections().Where(s => s.Length > 0).Select(s => $"\"{s}\": {{\"?\": 0}}"));
            File.WriteAllText(file, $"{{\"?\": 0, {sections}}}");
            var known = new List<string>();
            foreach (ConfigurationProblem p in Assert.Throws<ConfigurationException>(() => ConfigurationReader.Read(file))!.Problems)
            {
                const string Mark = "known here: ";
                int at = p.Problem.IndexOf(Mark, StringComparison.Ordinal);
                string prefix = p.Path.Contains('.') ? p.Path[..^1] : "";
                if (at >= 0)
                    known.AddRange(p.Problem[(at + Mark.Length)..].TrimEnd('.').Split(", ").Select(name => prefix + name));
            }
            Assert.That(known.Except(Sections()), Is.EquivalentTo(Settings.All.Select(s => s.Path)));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    [Test]
    public void Example_PassesTheCheck_AndSoDoesEverySettingInItsComments()
    {
        string directory = Directory.CreateTempSubdirectory("govchain-config-").FullName;
        try
        {
            foreach (string name in new[] { "genesis.json", "validator.pem", "passphrase", "tls.pem", "tls.key" })
                File.WriteAllText(Path.Combine(directory, name), "");
            string file = Path.Combine(directory, "node.json");
            File.WriteAllText(file, SettingText.Example("tax-office"));
            Assert.That(ConfigurationReader.Read(file).Department, Is.EqualTo("tax-office"));

            string[] lines = SettingText.Example().Split('\n');
            foreach (Setting s in Settings.All)
            {
                int alike = Settings.All.Count(other => (other.Name, other.Example) == (s.Name, s.Example));
                Assert.That(lines.Count(l => l.Contains($"\"{s.Name}\": {s.Example},")), Is.EqualTo(alike), s.Path);
            }
            // Everything at once, but for the authority, which excludes a certificate file, and the key's file, which excludes a token's key.
            File.WriteAllLines(file, lines
                .Where(l => !l.Contains("\"authorityDirectory\"") && !l.Contains("\"keyFile\"")).Select(l => l.Replace("// \"", "\"")));
            NodeConfiguration all = ConfigurationReader.Read(file);
            Assert.That((all.TraceSamplingRatio, all.StopTimeout.TotalSeconds, all.OtlpEndpoint!.Port), Is.EqualTo((0.01, 20d, 4318)));
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }

    private static IEnumerable<string> Sections() => Settings.All.Select(s => s.Section).Distinct();
}
