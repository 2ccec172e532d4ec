using System.Reflection;
using NUnit.Framework;

namespace GovChain.Tests.Fuzzing;

/// <summary>
/// Goal: no bytes from outside make a decoder throw, allocate without bound, or read what it would write otherwise. Here each
/// target runs a few thousand inputs of a printed seed; <c>./soak fuzz</c> goes on for as long as one likes.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
internal sealed class FuzzTests
{
    private const int InputsEach = 2_000;

    private Coverage _coverage = null!;

    [OneTimeSetUp]
    public void Trace() => _coverage = new Coverage();

    [OneTimeTearDown]
    public void Remove() => _coverage.Dispose();

    [TestCaseSource(typeof(Targets), nameof(Targets.Names))]
    public void Target_ThousandsOfMutations_NeverThrowsAndStaysWithinItsBounds(string name)
    {
        int seed = Environment.TickCount & 0xFFFF;
        TestContext.Out.WriteLine($"./soak fuzz --target {name} --seed {seed}");
        FuzzReport report = new Fuzz(Targets.Get(name), _coverage, seed).Run(inputs => inputs < InputsEach);
        Assert.That(report.Failure, Is.Null, $"seed {seed}: --input {report.Failure?.Input}: {report.Failure?.What}");
        Assert.That(report.Inputs, Is.EqualTo(InputsEach));
        Assert.That(report.Accepted, Is.InRange(1, InputsEach - 1), "some inputs are valid and some are not");
        Assert.That(report.Features, Is.GreaterThan(10), "branches leave traces");
    }

    [Test]
    public void Seeds_AreAcceptedInPart_AndEveryTargetHasSome() => Assert.Multiple(() =>
    {
        foreach (string name in Targets.Names)
        {
            FuzzTarget target = Targets.Get(name);
            Assert.That(target.Seeds.Count(s => target.Run(s)), Is.Positive, name);
        }
    });

    [Test]
    public void Fuzzer_AMistakeBehindFiveBytes_IsFound()
    {
        var target = new FuzzTarget(Planted.Deep, InputForm.Binary, [new byte[8]], _ => false);
        FuzzReport report = new Fuzz(target, _coverage, 1).Run(inputs => inputs < 300_000);
        Assert.That(report.Failure?.What, Does.Contain("the planted mistake"));
        Assert.That(report.Failure!.Input, Does.StartWith("911ce73a55"));
    }

    [Test]
    public void Fuzzer_ALengthThatIsBelieved_IsFound()
    {
        var target = new FuzzTarget(Planted.Greedy, InputForm.Binary, [new byte[8]], _ => false);
        FuzzReport report = new Fuzz(target, _coverage, 1).Run(inputs => inputs < 10_000);
        Assert.That(report.Failure?.What, Does.Contain("the bound is"));
    }

    /// <summary>A decoder that is added and forgotten here fails.</summary>
    [Test]
    public void EveryDecoder_OfBytesFromOutside_HasATarget()
    {
        string[] known =
        [
            "ConsensusMessageCodec.TryDecode", "ConsensusMessageCodec.TryDecodeKept", "Evidence.TryRead", "JournalCodec.TryDecode", "Certificate.TryRead", "BlockHeader.TryRead",
            "TransactionDecoder.TryDecode", "GenesisFile.TryRead", "JoiningFile.TryRead", "ReadToken.TryRead", "ReaderStatement.TryReadExtension", "ReadEntry.TryRead", "Genesis.TryDecode", "ReceiptCodec.TryRead", "JsonReader.TryRead", "PayloadSchema.TryParse",
            "StatePageId.TryParseKey", "LogFrontier.TryDecode", "JournalFrame.TryDecode", "TlsBinding.TryDecode", "KeySuccession.TryDecode",
            "Signature.TryParse", "PublicKey.TryParse", "ExactNumber.TryParse", "ReadChain.TryRead", // within the above
        ];
        Assembly[] assemblies =
        [
            typeof(Core.Model.Certificate).Assembly, typeof(Consensus.ConsensusCore).Assembly,
            typeof(Storage.LedgerStore).Assembly, typeof(Node.Consensus.JournalFrame).Assembly,
        ];
        var found = assemblies.SelectMany(a => a.GetTypes())
            .SelectMany(t => t.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
            .Where(m => m is { IsPrivate: false, IsSpecialName: false }
                && (m.Name.StartsWith("TryDecode", StringComparison.Ordinal) || m.Name.StartsWith("TryRead", StringComparison.Ordinal)
                    || m.Name.StartsWith("TryParse", StringComparison.Ordinal))
                && m.GetParameters() is [{ ParameterType: var first }, ..]
                && (first == typeof(ReadOnlySpan<byte>) || first == typeof(ReadOnlyMemory<byte>)))
            .Select(m => $"{m.DeclaringType!.Name}.{m.Name}").Distinct();
        Assert.That(found, Is.EquivalentTo(known), "each has a target in Targets.cs");
    }
}
