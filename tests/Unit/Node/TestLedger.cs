using System.Security.Cryptography;
using Google.Protobuf;
using GovChain.Client.Keys;
using GovChain.Core.Cryptography;
using GovChain.Core.Execution;
using GovChain.Core.Model;
using GovChain.Protos.V1;

namespace GovChain.Tests.Unit.Node;

/// <summary>A ledger's founding documents and the keys of its departments and officers; real signatures.</summary>
internal sealed class TestLedger : IDisposable
{
    public const string Type = "business-licence";

    private readonly List<PlatformSigner> _validators = [];

    public TestLedger(int departments, Action<Parameters>? parameters = null)
    {
        var body = new GenesisBody
        {
            FormatVersion = 1,
            NetworkName = "test",
            CreatedAtMs = (ulong)DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds(),
            Nonce = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(Limits.NonceBytes)),
            Parameters = LedgerParameters.CreateDefault(),
            ProtocolVersion = 1,
        };
        parameters?.Invoke(body.Parameters);
        for (int i = 0; i < departments; i++)
        {
            var validator = PlatformSigner.Create();
            _validators.Add(validator);
            var department = new GenesisDepartment
            {
                Id = DepartmentId(i),
                ValidatorKey = ByteString.CopyFrom(validator.PublicKey.Span),
                Endpoint = $"localhost:{7000 + i}",
            };
            department.Names.Add(new LocalizedText { Language = "en", Text = $"Department {i}" });
            department.Administrators.Add(new GenesisOfficer
            {
                OfficerId = "admin",
                PublicKey = ByteString.CopyFrom((i == 0 ? Administrator : PlatformSigner.Create()).PublicKey.Span),
            });
            body.Departments.Add(department);
        }
        Genesis = Core.Execution.Genesis.TryDecode(body.ToByteArray(), out GenesisFailure? failure)
            ?? throw new InvalidOperationException($"{failure}");
    }

    public Genesis Genesis { get; }

    /// <summary>Of the first department.</summary>
    public PlatformSigner Administrator { get; } = PlatformSigner.Create();

    /// <summary>Of the first department, once enrolled.</summary>
    public PlatformSigner Clerk { get; } = PlatformSigner.Create();

    public ISigner ValidatorOf(int department) => _validators[department];

    public static string DepartmentId(int department) => $"dept-{department}";

    public byte[] DefineType(ulong validMs = 600_000)
    {
        var define = new DefineType { Type = Type, PublicRead = true };
        define.Titles.Add(new LocalizedText { Language = "en", Text = "Business licence" });
        return Sign(Administrator, body => body.DefineType = define, validMs);
    }

    public byte[] EnrolClerk(ulong validMs = 600_000)
    {
        var enrol = new EnrolOfficer { OfficerId = "clerk-1", PublicKey = ByteString.CopyFrom(Clerk.PublicKey.Span) };
        enrol.Roles.Add((uint)OfficerRole.Clerk);
        return Sign(Administrator, body => body.EnrolOfficer = enrol, validMs);
    }

    /// <summary>The version of a record that follows the expected one.</summary>
    public byte[] Change(string id, ulong expected, string content = "{}", ulong validMs = 600_000) => Sign(Clerk, body =>
    {
        var change = new RecordChange
        {
            Record = new RecordName { Type = Type, Id = id },
            ExpectedVersion = expected,
            Payload = new Payload
            {
                Inline = new InlinePayload
                {
                    MediaType = "application/json",
                    Content = ByteString.CopyFromUtf8(content),
                },
            },
        };
        if (expected == 0)
        {
            body.Register = change;
        }
        else
        {
            change.Reason = "correction";
            body.Amend = change;
        }
    }, validMs);

    /// <summary>The body of an envelope with another signature, which is none.</summary>
    public static byte[] WithGarbageSignature(byte[] envelope)
    {
        SignedTransaction signed = SignedTransaction.Parser.ParseFrom(envelope);
        byte[] garbage = new byte[Signature.Size];
        garbage[31] = garbage[63] = 7;
        signed.Signature = ByteString.CopyFrom(garbage);
        return signed.ToByteArray();
    }

    public static Digest IdOf(byte[] envelope) =>
        DomainTag.Hash(DomainTag.Transaction, SignedTransaction.Parser.ParseFrom(envelope).Body.Span);

    public void Dispose()
    {
        Administrator.Dispose();
        Clerk.Dispose();
        foreach (PlatformSigner validator in _validators)
            validator.Dispose();
    }

    /// <summary>An action of anybody's, signed by that key.</summary>
    public byte[] Sign(ISigner signer, Action<TransactionBody> action, ulong validMs = 600_000)
    {
        var body = new TransactionBody
        {
            FormatVersion = 1,
            Algorithm = 1,
            ChainId = ByteString.CopyFrom(Genesis.ChainId.Span),
            Signer = ByteString.CopyFrom(signer.PublicKey.Span),
            Nonce = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(Limits.NonceBytes)),
            ExpiresAtMs = (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds() + validMs,
        };
        action(body);
        byte[] bytes = body.ToByteArray();
        Signature signature = signer.Sign(DomainTag.Hash(DomainTag.Transaction, bytes));
        return new SignedTransaction
        {
            Body = ByteString.CopyFrom(bytes),
            Signature = ByteString.CopyFrom(signature.Span),
        }.ToByteArray();
    }
}
