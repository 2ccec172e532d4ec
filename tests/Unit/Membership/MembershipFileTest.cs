using System.Text;
using System.Text.Json.Nodes;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Node.Membership;
using GovChain.Protos.V1;
using GovChain.Tests.Unit.BadInput;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.MembershipChanges;

namespace GovChain.Tests.Unit.Membership;

/// <summary>
/// Goal: the file that goes from department to department says what is signed and nothing else, and no signature of
/// somebody's spoils those of the others. Real signatures.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class MembershipFileTest : IDisposable
{
    private static readonly TestKey Gamma = new(500), GammaAdmin = new(501), First = new(510), Second = new(511);
    private static readonly Digest Chain = Sha256.Hash("a ledger"u8);

    private readonly PlatformSignatureVerifier _verifier = new();

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void Read_WhatWasWritten_IsTheSameChangeWithItsSignatures()
    {
        MembershipFile read = Read(Signed(Admission(), First, Second, Gamma).ToBytes());
        Assert.That(read.Change, Is.EqualTo(Admission().Change));
        Assert.That(read.Signers, Is.EqualTo(new[] { First.Public, Second.Public }.Order()));
        Assert.That((read.LacksNewKey, read.Broken), Is.EqualTo((false, Array.Empty<string>())));
        Assert.That((read.IsNewcomers(GammaAdmin.Public), read.IsNewcomers(First.Public)), Is.EqualTo((true, false)));
    }

    [Test]
    public void Read_ASummaryThatSaysSomethingElse_IsRefusedWithWhatTheChangeIs()
    {
        foreach (string other in new[] { "remove delta", "", $"admit gamma at gamma.example:7001 with the validator key {First.Public}" })
            Assert.That(Refused(f => f["summary"] = other), Does.Contain("summary").And.Contain(Gamma.Public.ToString()), other);
        Assert.That(Refused(f => f.Remove("summary")), Does.Contain("summary"));
        // The bytes that are signed are another change's, under the same summary.
        MembershipChange moved = Admission().Change;
        moved.Endpoint = "evil.example:7001";
        Assert.That(Refused(f => f["change"] = Convert.ToBase64String(WireProfile.Encode(moved))), Does.Contain("evil.example"));
    }

    [Test]
    public void Read_SignaturesThatAreNotOverTheChange_AreLeftOutAndNamed_TheOthersStay()
    {
        MembershipFile file = Signed(Admission(), First, Second, Gamma);
        MembershipFile foreign = Signed(new MembershipFile(Sha256.Hash("another"u8), Admission().Action), First);
        JsonObject json = JsonNode.Parse(file.ToBytes())!.AsObject();
        JsonArray approvals = json["approvals"]!.AsArray();
        JsonNode other = JsonNode.Parse(foreign.ToBytes())!["approvals"]![0]!.DeepClone();
        int first = approvals.ToList().FindIndex(a => (string)a!["signer"]! == First.Public.ToString());
        approvals[first] = other;
        approvals.Add(null);
        approvals.Add(new JsonObject { ["signer"] = "zz", ["signature"] = "00" });
        json["newKeySignature"] = new string('0', 128);
        MembershipFile read = Read(Encoding.UTF8.GetBytes(json.ToJsonString()));
        Assert.That(read.Signers, Is.EqualTo(new[] { Second.Public }));
        Assert.That(read.LacksNewKey, Is.True);
        Assert.That(read.Broken, Has.Count.EqualTo(4).And.Contain(First.Public.ToString()).And.Contain(Gamma.Public.ToString()));
    }

    [Test]
    public void Read_WhatIsNoChange_IsRefusedInASentence()
    {
        MembershipChange flawed = Admission().Change;
        flawed.Department = "Gamma";
        foreach ((string what, Action<JsonObject> spoil) in new (string, Action<JsonObject>)[]
        {
            ("another format", f => f["format"] = "govchain-membership-2"),
            ("no chain id", f => f["chainId"] = "12"),
            ("no change", f => f.Remove("change")),
            ("bytes that are no change", f => f["change"] = "AAAA"),
            ("a field that breaks its rule", f => f["change"] = Convert.ToBase64String(WireProfile.Encode(flawed))),
            ("a member that nobody knows", f => f["note"] = "sign quickly"),
        })
            Assert.That(Refused(spoil), Does.Not.EndWith("."), what);
        Assert.That(Refused("{\"format\":\"govchain-membership-1\",\"format\":\"govchain-membership-1\"}"u8.ToArray()), Does.Not.EndWith("."));
    }

    [Test]
    public void Read_OfTheWholeJsonSuite_IsRefusedInASentence()
    {
        foreach ((string name, byte[] bytes) in JsonSuite.Files())
            Assert.That(Refused(bytes), Is.Not.Empty.And.Not.Contain("   at "), name);
    }

    [Test]
    public void Describe_OneAdministratorOrTwo_IsSaidSo()
    {
        MembershipChange change = Admission().Change;
        Assert.That(MembershipFile.Describe(change), Does.Contain(" as administrator admin with"));
        change.Administrators.Add(new FirstAdministrator { OfficerId = "boss", PublicKey = Google.Protobuf.ByteString.CopyFrom(Second.Public.Span) });
        Assert.That(MembershipFile.Describe(change), Does.Contain(" as administrators admin with").And.Contain(", boss with"));
    }

    private static MembershipFile Admission() =>
        new(Chain, new ChangeMembership { Change = Admit("gamma", Gamma, GammaAdmin) });

    private static MembershipFile Signed(MembershipFile file, params TestKey[] keys) =>
        keys.Aggregate(file, static (f, key) => f.With(key.Public, key.Sign(f.SigningDigest)));

    [TestCase("""{"format":7}""", "line 1, byte 12: the value of 'format' does not fit")]
    [TestCase("""{"change":"***"}""", "the value of 'change' does not fit")]
    [TestCase("""{"approvals":{}}""", "the value of 'approvals' does not fit")]
    [TestCase("""{"format":"a","format":"b"}""", "'format' stands there twice")]
    [TestCase("""{"format":""", "line 1, byte ")]
    [TestCase("""[]""", "the value does not fit")]
    public void File_OfWrongJson_IsRefusedInWords(string text, string expected)
    {
        string problem = Refused(Encoding.UTF8.GetBytes(text));
        Assert.That(problem, Does.Contain(expected).And.Not.Contain("GovChain.").And.Not.Contain("System.").And.Not.Contain("Path:"));
    }

    private MembershipFile Read(byte[] bytes)
    {
        MembershipFile? file = MembershipFile.TryRead(bytes, _verifier, out string? problem);
        Assert.That(problem, Is.Null);
        return file!;
    }

    private string Refused(Action<JsonObject> spoil)
    {
        JsonObject json = JsonNode.Parse(Signed(Admission(), First).ToBytes())!.AsObject();
        spoil(json);
        return Refused(Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    private string Refused(byte[] bytes)
    {
        Assert.That(MembershipFile.TryRead(bytes, _verifier, out string? problem), Is.Null);
        return problem!;
    }
}
