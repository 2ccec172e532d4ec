using System.Security.Cryptography.X509Certificates;
using GovChain.Core.Cryptography;
using GovChain.Core.Model;
using GovChain.Core.Verification;
using Microsoft.AspNetCore.Http;
using Rejection = GovChain.Core.Model.Rejection;

namespace GovChain.Rpc;

/// <summary>
/// A certificate by which a system reads in an officer's name: what a connection has shown, with the officer's statement in it. That the
/// other side holds its key TLS has seen to; names, issuers and dates of X.509 count for nothing. docs/SPEC.md, "Reader statement".
/// </summary>
internal sealed class ShownCertificate
{
    private readonly byte[] _subjectPublicKeyInfo;

    private ShownCertificate(ReaderStatement statement, byte[] subjectPublicKeyInfo)
    {
        Statement = statement;
        _subjectPublicKeyInfo = subjectPublicKeyInfo;
        Id = statement.IdFor(subjectPublicKeyInfo);
    }

    /// <summary>What the officer says of it.</summary>
    public ReaderStatement Statement { get; }

    /// <summary>What the officer signed; its name in the read log.</summary>
    public Digest Id { get; }

    /// <summary>Who is said to have signed that.</summary>
    public SignatureCheck SignatureCheck => Statement.CheckFor(_subjectPublicKeyInfo);

    /// <summary>The reader's certificate of a call; null where its connection has shown none, or one for another purpose.</summary>
    /// <exception cref="StatusException">The statement in it cannot be read.</exception>
    public static ShownCertificate? Of(HttpContext context)
    {
        if (context.Connection.ClientCertificate is not { } shown)
            return null;
        X509Extension[] found = [.. shown.Extensions.Where(static e => e.Oid?.Value == ReaderStatement.Oid)];
        if (found.Length == 0)
            return null;
        return found.Length == 1 && ReaderStatement.TryReadExtension(found[0].RawData) is { } statement
            ? new ShownCertificate(statement, shown.PublicKey.ExportSubjectPublicKeyInfo())
            : throw Refused(CertificateRefusal.CertificateMalformed,
                "The certificate holds no statement of an officer that this node can read. Make one: govchain key certificate.");
    }

    /// <summary>It counts now.</summary>
    /// <exception cref="StatusException">It does not.</exception>
    public void RequireInTime(ulong nowMs)
    {
        switch (Statement.Check(nowMs))
        {
            case CertificateRefusal.CertificateNotYetValid:
                throw Refused(CertificateRefusal.CertificateNotYetValid,
                    "The certificate counts from a later time than it is by this node's clock. Set the clock of the machine that signs.",
                    ("fromMs", $"{Statement.FromMs}"), ("nowMs", $"{nowMs}"));
            case CertificateRefusal.CertificateExpired:
                throw Refused(CertificateRefusal.CertificateExpired,
                    "The certificate's time is over by this node's clock. Make a new one: govchain key certificate.",
                    ("toMs", $"{Statement.ToMs}"), ("nowMs", $"{nowMs}"));
        }
    }

    /// <summary>The key in it is no officer's that may sign now.</summary>
    public static StatusException NotOfficer(Rejection rejection) =>
        Refused(CertificateRefusal.CertificateSignerRefused, rejection.Message, [("ledger", rejection.CodeName), .. rejection.Facts]);

    /// <summary>A certificate that does not count.</summary>
    public static StatusException Refused(CertificateRefusal refusal, string message, params IReadOnlyList<(string Name, string Value)> facts) =>
        new(ErrorStatus.Of(refusal, message, facts));
}
