using Google.Protobuf;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;
using GovChain.Rpc;
using GovChain.Tests.Unit.Execution;
using NUnit.Framework;

namespace GovChain.Tests.Unit.Specification;

/// <summary>
/// Goal: whoever implements docs/SPEC.md anew has the bytes of joining files and read tokens to compare with, and nobody changes a format by accident.
/// Method: the vectors in docs/vectors follow from fixed keys, nonces and times; a difference fails.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class IdentityVectorsTest : LedgerVectors
{
    [Test]
    public void Joining()
    {
        var body = new JoiningBody { FormatVersion = 1, NetworkName = "test", Department = Ledger.Genesis.Body.Departments[0] };
        JoiningFile file = JoiningFile.TryCreate(body, out _)!;
        foreach (TestKey key in new[] { TestLedger.AlphaValidator, TestLedger.AlphaAdmin })
            file = file.With(key.Public, key.Sign(file.SigningDigest));
        VectorFile.Hold("joining", new
        {
            body = VectorFile.Hex(WireProfile.Encode(body)),
            signingDigest = file.SigningDigest.ToString(),
            file = System.Text.Encoding.ASCII.GetString(file.ToBytes()),
        });
    }

    [Test]
    public void ReadTokens()
    {
        TestKey officer = TestLedger.AlphaClerk;
        const ulong nowMs = TestLedger.StartMs;
        object Vector(string name, byte[] bytes)
        {
            var token = ReadToken.TryRead(bytes);
            return new
            {
                name,
                token = VectorFile.Hex(bytes),
                text = token?.ToString(),
                id = token?.Id.ToString(),
                refusal = token is null ? "TOKEN_MALFORMED" : token.Check("alpha", nowMs) is { } refusal ? ErrorStatus.NameOf(refusal) : null,
            };
        }
        byte[] Token(string node = "alpha", long afterMs = 0, uint lifetimeMs = 60_000) => ReadToken.Issue(
            Ledger.Genesis.ChainId, node, officer.Public, (ulong)((long)nowMs + afterMs), lifetimeMs, [.. Enumerable.Range(0, 16).Select(i => (byte)i)], officer.Sign).ToBytes();
        byte[] Changed(int at, byte value)
        {
            byte[] token = Token();
            token[at] = value;
            return token;
        }
        VectorFile.Hold("read-token", new
        {
            chainId = Ledger.Genesis.ChainId.ToString(),
            publicKey = officer.Public.ToString(),
            node = "alpha",
            nowMs,
            tokens = new[]
            {
                Vector("good", Token()),
                Vector("of the shortest name", Token("a")),
                Vector("of the longest name", Token(new string('a', 32))),
                Vector("issued 30 s ahead", Token(afterMs: 30_000)),
                Vector("issued 30,001 ms ahead", Token(afterMs: 30_001)),
                Vector("in its last millisecond", Token(afterMs: -59_999)),
                Vector("at its end", Token(afterMs: -60_000)),
                Vector("for another node", Token("beta")),
                Vector("of version 2", Changed(0, 2)),
                Vector("with a key that is none", Changed(33, 5)),
                Vector("with a lifetime of 60,001 ms", Changed(77, 0x61)),
                Vector("with a node of no name", Changed(94, (byte)'A')),
                Vector("without a node", [.. Token()[..94], .. Token()[^64..]]),
                Vector("with a high s", HighS(Token())),
            },
        });

        static byte[] HighS(byte[] token)
        {
            var order = new System.Numerics.BigInteger(Secp256k1.GroupOrder, isUnsigned: true, isBigEndian: true);
            var s = new System.Numerics.BigInteger(token.AsSpan(^32..), isUnsigned: true, isBigEndian: true);
            return [.. token[..^32], .. Cryptography.EcdsaTwin.ToBytes(order - s)];
        }
    }
}
