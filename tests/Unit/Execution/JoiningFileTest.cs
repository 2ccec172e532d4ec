using System.Text;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Execution;

/// <summary>
/// Goal: a joining file has exactly one form, every key that it names has signed exactly this, and it serves for one network. Method:
/// real signatures; each byte of a good file put in the place of every other, cuts, and each rule broken once.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class JoiningFileTest : IDisposable
{
    private static readonly TestKey Validator = new(600), First = new(601), Second = new(602), Stranger = new(603);

    private readonly PlatformSignatureVerifier _verifier = new();

    public void Dispose() => _verifier.Dispose();

    [Test]
    public void File_SignedByAllItsKeys_RoundTripsAndVerifies()
    {
        JoiningFile file = Signed();
        JoiningFile? read = JoiningFile.TryRead(file.ToBytes(), out JoiningFailure? failure);
        Assert.That(failure, Is.Null);
        Assert.That(read!.Body, Is.EqualTo(Body()));
        Assert.That(read.Signatures, Is.EqualTo(file.Signatures));
        Assert.That(read.Keys.Select(k => k.ToString()), Is.EqualTo(new[] { "the validator", "the administrator admin", "the administrator boss" }));
        Assert.That(read.SigningDigest, Is.EqualTo(Sha256.Hash([.. DomainTag.Joining, .. Body().ToByteArray()])));
        Assert.That(read.VerifyFor("rehearsal", _verifier), Is.Null);
    }

    [Test]
    public void Verify_AKeyThatHasNotSigned_IsNamed_UntilAllHave()
    {
        JoiningFile file = JoiningFile.TryCreate(Body(), out _)!;
        foreach ((TestKey key, string who) in new[] { (Validator, "the validator"), (First, "admin"), (Second, "boss") })
        {
            JoiningFailure? missing = JoiningFile.TryRead(file.ToBytes(), out _)!.Verify(_verifier);
            Assert.That((missing!.Kind, missing.Where), Is.EqualTo((JoiningFailureKind.MissingSignature, key.Public.ToString())));
            Assert.That(missing.Message, Does.Contain(who).And.Contain("gamma"));
            file = file.With(key.Public, key.Sign(file.SigningDigest));
        }
        Assert.That(file.Verify(_verifier), Is.Null);
    }

    [Test]
    public void Verify_ASignatureOfAnotherKeyOrForAnotherPurpose_IsRefused()
    {
        JoiningFile file = Signed();
        Digest untagged = Sha256.Hash(Body().ToByteArray());
        Digest genesis = DomainTag.Hash(DomainTag.Genesis, Body().ToByteArray());
        foreach (Signature wrong in new[] { First.Sign(file.SigningDigest), Validator.Sign(untagged), Validator.Sign(genesis) })
        {
            JoiningFailure? failure = file.With(Validator.Public, wrong).Verify(_verifier);
            Assert.That((failure!.Kind, failure.Where), Is.EqualTo((JoiningFailureKind.InvalidSignature, Validator.Public.ToString())));
        }
        Assert.That(() => file.With(Stranger.Public, Stranger.Sign(file.SigningDigest)), Throws.ArgumentException);
    }

    [Test]
    public void VerifyFor_AnotherNetwork_IsRefused_AndNoSignatureMovesThere()
    {
        JoiningFailure? failure = Signed().VerifyFor("production", _verifier);
        Assert.That((failure!.Kind, failure.Where), Is.EqualTo((JoiningFailureKind.OtherNetwork, "gamma")));
        Assert.That(failure.Message, Does.Contain("rehearsal").And.Contain("production"));
        JoiningBody body = Body();
        body.NetworkName = "production";
        JoiningFile moved = JoiningFile.TryCreate(body, out _)!;
        foreach (JoiningSignature signature in Signed().Signatures)
            moved = moved.With(signature.Key, signature.Signature);
        Assert.That(moved.VerifyFor("production", _verifier)!.Kind, Is.EqualTo(JoiningFailureKind.InvalidSignature));
    }

    /// <summary>Every bit of every byte. Few changes leave a readable file; of each of those a signature fails.</summary>
    [Test]
    public void File_AnyChangedBit_IsRefusedOrDoesNotVerify()
    {
        byte[] good = Signed().ToBytes();
        var kinds = new HashSet<JoiningFailureKind>();
        for (int bit = 0; bit < good.Length * 8; bit++)
        {
            byte[] bytes = [.. good];
            bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            JoiningFailure? failure = JoiningFile.TryRead(bytes, out JoiningFailure? unreadable)?.VerifyFor("rehearsal", _verifier) ?? unreadable;
            Assert.That(failure, Is.Not.Null, $"bit {bit}");
            Assert.That(failure!.Message, Does.EndWith("."), $"bit {bit}");
            kinds.Add(failure.Kind);
        }
        Assert.That(kinds, Is.EquivalentTo(Enum.GetValues<JoiningFailureKind>().Except(
            [JoiningFailureKind.MissingSignature, JoiningFailureKind.OtherGenesis])), "every way to be refused that a single bit can lead to");
    }

    [Test]
    public void File_CutAnywhereOrWithMore_IsRefusedWithAnOffset()
    {
        byte[] good = Signed().ToBytes();
        for (int length = 0; length < good.Length; length++)
        {
            Assert.That(JoiningFile.TryRead(good.AsSpan(0, length), out JoiningFailure? failure), Is.Null);
            Assert.That(failure!.Kind, Is.EqualTo(JoiningFailureKind.MalformedFile));
        }
        Assert.That(JoiningFile.TryRead([.. good, (byte)'\n'], out _), Is.Null);
        Assert.That(JoiningFile.TryRead(new byte[JoiningFile.BytesMax + 1], out JoiningFailure? tooLarge), Is.Null);
        Assert.That(tooLarge!.Message, Does.Contain($"at most {JoiningFile.BytesMax} bytes"));
    }

    [Test]
    public void File_WithSignaturesTwiceOrInAnotherOrder_IsRefused()
    {
        string[] lines = Encoding.ASCII.GetString(Signed().ToBytes()).Split('\n');
        int first = Array.FindIndex(lines, l => l.StartsWith("    {", StringComparison.Ordinal));
        foreach (int[] order in new[] { [1, 0, 2], [0, 0, 1], new[] { 0, 2, 1 } })
        {
            string[] changed = [.. lines];
            for (int i = 0; i < order.Length; i++)
                changed[first + i] = lines[first + order[i]].TrimEnd(',') + (i < order.Length - 1 ? "," : "");
            Assert.That(JoiningFile.TryRead(Encoding.ASCII.GetBytes(string.Join('\n', changed)), out JoiningFailure? failure), Is.Null);
            Assert.That((failure!.Kind, failure.Where), Is.EqualTo((JoiningFailureKind.MalformedFile, "signatures")));
        }
    }

    [Test]
    public void File_OfTheGreatestDepartmentThereMayBe_FitsTheBounds()
    {
        JoiningBody body = Body();
        body.NetworkName = new string('n', 64);
        body.Department.Id = new string('d', Limits.DepartmentIdMax);
        body.Department.Endpoint = new string('h', Limits.EndpointMax - 6) + ":65535";
        body.Department.Names.Clear();
        for (int i = 0; i < Limits.LocalizedTextsMax; i++)
            body.Department.Names.Add(new LocalizedText { Language = $"{i:00}{new string('x', 33)}", Text = new string('t', Limits.TitleBytesMax) });
        body.Department.Administrators.Clear();
        TestKey[] keys = [.. Enumerable.Range(700, Limits.GenesisAdministratorsMax).Select(i => new TestKey(i))];
        for (int i = 0; i < keys.Length; i++)
        {
            body.Department.Administrators.Add(new GenesisOfficer
            {
                OfficerId = $"{i:00}{new string('o', Limits.OfficerIdMax - 2)}",
                PublicKey = ByteString.CopyFrom(keys[i].Public.Span),
            });
        }
        JoiningFile? file = JoiningFile.TryCreate(body, out JoiningFailure? failure);
        Assert.That(failure, Is.Null);
        foreach (TestKey key in keys.Append(Validator))
            file = file!.With(key.Public, key.Sign(file.SigningDigest));
        byte[] bytes = file!.ToBytes();
        Assert.That(bytes, Has.Length.LessThanOrEqualTo(JoiningFile.BytesMax));
        Assert.That(JoiningFile.TryRead(bytes, out _)!.Verify(_verifier), Is.Null);
    }

    private static readonly (string Field, Action<JoiningBody> Change)[] Flaws =
    [
        ("format_version", b => b.FormatVersion = 2),
        ("network_name", b => b.NetworkName = "Rehearsal"),
        ("network_name", b => b.NetworkName = ""),
        ("department", b => b.Department = null),
        ("department.id", b => b.Department.Id = "9"),
        ("department.names", b => b.Department.Names.Clear()),
        ("department.names[1].language", b => b.Department.Names.Add(b.Department.Names[0])),
        ("department.validator_key", b => b.Department.ValidatorKey = ByteString.CopyFrom(new byte[33])),
        ("department.endpoint", b => b.Department.Endpoint = "gamma.example"),
        ("department.administrators", b => b.Department.Administrators.Clear()),
        ("department.administrators[0].officer_id", b => b.Department.Administrators[0].OfficerId = "a/b"),
        ("department.administrators[1].officer_id", b => b.Department.Administrators[1].OfficerId = "admin"),
        ("department.administrators[0].public_key", b => b.Department.Administrators[0].PublicKey = b.Department.ValidatorKey),
        ("department.administrators[1].public_key", b => b.Department.Administrators[1].PublicKey = b.Department.Administrators[0].PublicKey),
    ];

    [TestCaseSource(nameof(Flaws))]
    public void TryCreate_FlawedBody_NamesTheField((string Field, Action<JoiningBody> Change) flaw)
    {
        JoiningBody body = Body();
        flaw.Change(body);
        Assert.That(JoiningFile.TryCreate(body, out JoiningFailure? failure), Is.Null);
        Assert.That((failure!.Kind, failure.Where), Is.EqualTo((JoiningFailureKind.InvalidField, flaw.Field)), failure.Message);
    }

    [Test]
    public void CompareWith_AGenesisThatSaysSomethingElse_IsRefused()
    {
        GenesisBody genesis = TestLedger.GenesisBody();
        genesis.NetworkName = "rehearsal";
        genesis.Departments.Add(Body().Department);
        Assert.That(Signed().CompareWith(genesis), Is.Null);
        foreach ((Action<GenesisBody> change, string says) in new (Action<GenesisBody>, string)[]
        {
            (g => g.NetworkName = "test", "network test"),
            (g => g.Departments.RemoveAt(2), "does not name"),
            (g => g.Departments[2].Endpoint = "gamma.example:7002", "something else"),
            (g => g.Departments[2].Names[0].Text = "Delta", "something else"),
            (g => g.Departments[2].ValidatorKey = g.Departments[0].ValidatorKey, "something else"),
            (g => g.Departments[2].Administrators.RemoveAt(1), "something else"),
        })
        {
            GenesisBody other = genesis.Clone();
            change(other);
            JoiningFailure? failure = Signed().CompareWith(other);
            Assert.That((failure!.Kind, failure.Where), Is.EqualTo((JoiningFailureKind.OtherGenesis, "gamma")));
            Assert.That(failure.Message, Does.Contain(says).And.Contain("Do not sign it"));
        }
    }

    private static JoiningBody Body() => new()
    {
        FormatVersion = 1,
        NetworkName = "rehearsal",
        Department = new GenesisDepartment
        {
            Id = "gamma",
            Names = { new LocalizedText { Language = "en", Text = "Gamma Registry" } },
            ValidatorKey = ByteString.CopyFrom(Validator.Public.Span),
            Endpoint = "gamma.example:7001",
            Administrators =
            {
                new GenesisOfficer { OfficerId = "admin", PublicKey = ByteString.CopyFrom(First.Public.Span) },
                new GenesisOfficer { OfficerId = "boss", PublicKey = ByteString.CopyFrom(Second.Public.Span) },
            },
        },
    };

    private static JoiningFile Signed() => new[] { Second, Validator, First }.Aggregate(
        JoiningFile.TryCreate(Body(), out _)!, static (file, key) => file.With(key.Public, key.Sign(file.SigningDigest)));
}
