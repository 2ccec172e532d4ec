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
    private readonly List<PlatformSigner> _administrators = [];

    public TestLedger(int departments, Action<Parameters>? parameters = null, uint version = ProtocolVersions.Newest)
    {
        var body = new GenesisBody
        {
            FormatVersion = 1,
            NetworkName = "test",
            CreatedAtMs = (ulong)DateTimeOffset.UtcNow.AddMinutes(-1).ToUnixTimeMilliseconds(),
            Nonce = ByteString.CopyFrom(RandomNumberGenerator.GetBytes(Limits.NonceBytes)),
            Parameters = LedgerParameters.CreateDefault(),
            ProtocolVersion = version,
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
            _administrators.Add(PlatformSigner.Create());
            department.Administrators.Add(new GenesisOfficer
            {
                OfficerId = "admin",
                PublicKey = ByteString.CopyFrom(_administrators[i].PublicKey.Span),
            });
            body.Departments.Add(department);
        }
        Genesis = Core.Execution.Genesis.TryDecode(body.ToByteArray(), out GenesisFailure? failure)
            ?? throw new InvalidOperationException($"{failure}");
    }

    public Genesis Genesis { get; }

    /// <summary>Of the first department.</summary>
    public PlatformSigner Administrator => _administrators[0];

    public PlatformSigner AdministratorOf(int department) => _administrators[department];

    /// <summary>Of the first department, once enrolled.</summary>
    public PlatformSigner Clerk { get; } = PlatformSigner.Create();

    public ISigner ValidatorOf(int department) => _validators[department];

    /// <summary>One more key, of nobody in the genesis.</summary>
    public PlatformSigner AddValidator()
    {
        _validators.Add(PlatformSigner.Create());
        return _validators[^1];
    }

    /// <summary>The department's node starts with another key from now on.</summary>
    public PlatformSigner RenewValidatorOf(int department)
    {
        _validators.Add(_validators[department]); // its signatures are wanted on, of blocks before the change
        return _validators[department] = PlatformSigner.Create();
    }

    /// <summary>Everybody's validator keys, those of before included.</summary>
    public IReadOnlyList<ISigner> Validators => _validators;

    /// <summary>What the validity of transactions begins at; null for now.</summary>
    public ulong? BeginMs { get; set; }

    private ulong UtcMs => BeginMs ?? (ulong)DateTimeOffset.UtcNow.ToUnixTimeMilliseconds();

    /// <summary>A change of the validators, approved by every founder's administrator and signed by the key that is to vote.
    /// </summary>
    public byte[] ChangeMembership(MembershipChange change, ISigner? newKey, ulong validMs)
    {
        change.ExpiresAtMs = UtcMs + validMs;
        Digest digest = MembershipFields.SigningDigest(change, Genesis.ChainId);
        var action = new ChangeMembership { Change = change };
        foreach (PlatformSigner approver in _administrators.OrderBy(static a => a.PublicKey))
        {
            action.Approvals.Add(new MembershipApproval
            {
                Signer = ByteString.CopyFrom(approver.PublicKey.Span),
                Signature = ByteString.CopyFrom(approver.Sign(digest).Span),
            });
        }
        if (newKey is not null)
            action.NewKeySignature = ByteString.CopyFrom(newKey.Sign(digest).Span);
        return Sign(Administrator, body => body.ChangeMembership = action, validMs);
    }

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
        Clerk.Dispose();
        foreach (PlatformSigner signer in _validators.Concat(_administrators))
            signer.Dispose();
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
            ExpiresAtMs = UtcMs + validMs,
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
