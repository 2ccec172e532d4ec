using System.Text;
using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Merkle;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using NUnit.Framework;
using static GovChain.Tests.Unit.Execution.TestLedger;

namespace GovChain.Tests.Unit.Execution;

/// <summary>Goal: everything about height 0 follows from the body, and a founding file has exactly one form.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class GenesisTest
{
    private readonly Genesis _genesis = new TestLedger().Genesis;

    [Test]
    public void TryDecode_GivesChainLeafSetHeaderAndState()
    {
        byte[] body = GenesisBody().ToByteArray();
        BlockHeader header = _genesis.Block.Header;
        byte[] leaf = [.. DomainTag.GenesisLeaf, .. _genesis.ChainId.Span];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(_genesis.ChainId, Is.EqualTo(Sha256.Hash([.. DomainTag.Genesis, .. body])));
            Assert.That(_genesis.Leaf.ToArray(), Is.EqualTo(leaf));
            Assert.That(_genesis.Validators.Members.Select(m => m.Department), Is.EqualTo(new[] { "alpha", "beta" }));
            Assert.That((header.Height, header.Proposer, header.TimestampMs), Is.EqualTo((0UL, BlockHeader.NoProposer, StartMs)));
            Assert.That((header.LogSizeBefore, header.LogSizeAfter), Is.EqualTo((0UL, 1UL)));
            Assert.That(header.LogRoot, Is.EqualTo(LogHash.Leaf(leaf)));
            Assert.That(header.ParentHash, Is.EqualTo(Digest.Zero));
            Assert.That(_genesis.Block.Changes.Select(c => c.Key), Is.Ordered);
            Assert.That(_genesis.Block.Changes.GroupBy(c => c.Key.Kind).Select(g => (g.Key, g.Count())), Is.EqualTo(new[]
            {
                (StateKind.Parameters, 1), (StateKind.Department, 2), (StateKind.OfficerKey, 4), (StateKind.Officer, 2),
                (StateKind.Leader, 1),
            }));
        }
    }

    private static readonly (string Field, Action<GenesisBody> Change)[] Flaws =
    [
        ("format_version", b => b.FormatVersion = 2),
        ("network_name", b => b.NetworkName = "Test"),
        ("created_at_ms", b => b.CreatedAtMs = 0),
        ("nonce", b => b.Nonce = ByteString.CopyFrom(new byte[15])),
        ("departments", b => b.Departments.Clear()),
        ("departments[0].id", b => b.Departments[0].Id = "9"),
        ("departments[1].id", b => b.Departments[1].Id = "alpha"),
        ("departments[1].id", b => b.Departments[0].Id = "gamma"),
        ("departments[0].names", b => b.Departments[0].Names.Clear()),
        ("departments[0].validator_key", b => b.Departments[0].ValidatorKey = ByteString.CopyFrom(new byte[33])),
        ("departments[1].validator_key", b => b.Departments[1].ValidatorKey = b.Departments[0].ValidatorKey),
        ("departments[0].endpoint", b => b.Departments[0].Endpoint = "alpha.example"),
        ("departments[0].endpoint", b => b.Departments[0].Endpoint = "alpha.example:0"),
        ("departments[0].endpoint", b => b.Departments[0].Endpoint = "alpha.example:65536"),
        ("departments[0].endpoint", b => b.Departments[0].Endpoint = "alpha.example:"),
        ("departments[0].endpoint", b => b.Departments[0].Endpoint = "al pha:1"),
        ("departments[0].administrators", b => b.Departments[0].Administrators.Clear()),
        ("departments[0].administrators[0].officer_id", b => b.Departments[0].Administrators[0].OfficerId = "a/b"),
        ("departments[0].administrators[1].officer_id", b => b.Departments[0].Administrators.Add(b.Departments[0].Administrators[0])),
        ("departments[1].administrators[0].public_key", b =>
            b.Departments[1].Administrators[0].PublicKey = b.Departments[0].ValidatorKey),
        ("parameters", b => b.Parameters = null),
        ("parameters.block_bytes_max", b => b.Parameters.BlockBytesMax = 65_534),
        ("parameters.block_transactions_max", b => b.Parameters.BlockTransactionsMax = 10_001),
        ("parameters.expiry_horizon_ms", b => b.Parameters.ExpiryHorizonMs = 1),
        ("parameters.leader_blocks_max", b => b.Parameters.LeaderBlocksMax = 0),
        ("parameters.suspension_heights", b => b.Parameters.SuspensionHeights = 0),
        ("parameters.base_timeout_ms", b => b.Parameters.BaseTimeoutMs = 1),
        ("parameters.timeout_cap_ms", b => b.Parameters.TimeoutCapMs = 999),
        ("parameters.time_precision_ms", b => b.Parameters.TimePrecisionMs = 0),
        ("parameters.message_delay_ms", b => b.Parameters.MessageDelayMs = 60_001),
        ("parameters.forward_timeout_ms", b => b.Parameters.ForwardTimeoutMs = 0),
        ("parameters.complaint_timeout_ms", b => b.Parameters.ComplaintTimeoutMs = 2_000),
        ("protocol_version", b => b.ProtocolVersion = 0),
        ("protocol_version", b => b.ProtocolVersion = ProtocolVersions.Newest + 1),
    ];

    [TestCaseSource(nameof(Flaws))]
    public void TryDecode_FlawedBody_NamesTheField((string Field, Action<GenesisBody> Change) flaw)
    {
        GenesisBody body = GenesisBody();
        flaw.Change(body);
        Assert.That(Genesis.TryDecode(body.ToByteArray(), out GenesisFailure? failure), Is.Null);
        Assert.That((failure!.Kind, failure.Where), Is.EqualTo((GenesisFailureKind.InvalidField, flaw.Field)), failure.Message);
    }

    [Test]
    public void TryDecode_BodyOutsideTheWireProfile_IsMalformed()
    {
        Assert.That(Genesis.TryDecode((byte[])[.. GenesisBody().ToByteArray(), 0x38, 0x01], out GenesisFailure? failure), Is.Null);
        Assert.That(failure!.Kind, Is.EqualTo(GenesisFailureKind.MalformedBody));
    }

    [Test]
    public void File_RoundTripsAndVerifies()
    {
        GenesisFile file = Signed();
        byte[] bytes = file.ToBytes();
        GenesisFile? read = GenesisFile.TryRead(bytes, out GenesisFailure? failure);
        using var verifier = new PlatformSignatureVerifier();
        Assert.That(failure, Is.Null);
        Assert.That(read!.Signatures, Is.EqualTo(file.Signatures));
        Assert.That(read.Genesis.ChainId, Is.EqualTo(_genesis.ChainId));
        Assert.That(read.Verify(verifier), Is.Null);
    }

    [Test]
    public void File_WithoutSignatures_RoundTripsAndIsNotFounded()
    {
        var file = new GenesisFile(_genesis, []);
        GenesisFile? read = GenesisFile.TryRead(file.ToBytes(), out _);
        using var verifier = new PlatformSignatureVerifier();
        Assert.That(read!.Verify(verifier), Is.EqualTo(new GenesisFailure(
            GenesisFailureKind.MissingSignature, "alpha", "Department alpha has not signed yet.")));
    }

    [Test]
    public void File_SignedByAStrangerOrWithAnothersKey_SaysWho()
    {
        using var verifier = new PlatformSignatureVerifier();
        Signature good = AlphaValidator.Sign(_genesis.SigningDigest);
        GenesisFailure? stranger = new GenesisFile(_genesis, [new("gamma", good)]).Verify(verifier);
        GenesisFailure? wrong = new GenesisFile(_genesis, [new("beta", good)]).Verify(verifier);
        Assert.That((stranger!.Kind, stranger.Where), Is.EqualTo((GenesisFailureKind.UnknownDepartment, "gamma")));
        Assert.That((wrong!.Kind, wrong.Where), Is.EqualTo((GenesisFailureKind.InvalidSignature, "beta")));
    }

    [Test]
    public void File_AnyChangedByte_IsRefusedOrDoesNotVerify()
    {
        byte[] good = Signed().ToBytes();
        using var verifier = new PlatformSignatureVerifier();
        for (int i = 0; i < good.Length; i++)
        {
            byte[] bytes = [.. good];
            bytes[i] ^= 0x20; // letter case, white space, digits
            GenesisFile? read = GenesisFile.TryRead(bytes, out GenesisFailure? failure);
            if (read is null)
                Assert.That(failure, Is.Not.Null);
            else
                Assert.That(read.Verify(verifier), Is.Not.Null, $"byte {i}");
        }
    }

    [Test]
    public void File_CutAnywhere_IsRefusedWithAnOffset()
    {
        byte[] good = Signed().ToBytes();
        for (int length = 0; length < good.Length; length++)
        {
            Assert.That(GenesisFile.TryRead(good.AsSpan(0, length), out GenesisFailure? failure), Is.Null);
            Assert.That(failure!.Kind, Is.EqualTo(GenesisFailureKind.MalformedFile));
        }
        Assert.That(GenesisFile.TryRead([.. good, (byte)'\n'], out _), Is.Null);
    }

    [Test]
    public void File_OtherChainIdOrOrder_IsRefused()
    {
        string good = Encoding.ASCII.GetString(Signed().ToBytes());
        string chain = good.Replace(_genesis.ChainId.ToString(), new string('0', 64), StringComparison.Ordinal);
        GenesisFile.TryRead(Encoding.ASCII.GetBytes(chain), out GenesisFailure? failure);
        Assert.That(failure!.Kind, Is.EqualTo(GenesisFailureKind.ChainIdMismatch));
        string swapped = good.Replace("\"alpha\"", "\"gamma\"", StringComparison.Ordinal);
        GenesisFile.TryRead(Encoding.ASCII.GetBytes(swapped), out failure);
        Assert.That((failure!.Kind, failure.Where), Is.EqualTo((GenesisFailureKind.MalformedFile, "signatures")));
    }

    private GenesisFile Signed() => new(
        _genesis,
        [
            new FoundingSignature("beta", BetaValidator.Sign(_genesis.SigningDigest)),
            new FoundingSignature("alpha", AlphaValidator.Sign(_genesis.SigningDigest)),
        ]);
}
