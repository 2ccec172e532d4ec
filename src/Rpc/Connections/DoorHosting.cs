using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;

namespace GovChain.Rpc.Connections;

/// <summary>Puts the door's bounds into a host and on its listeners, whichever they are.</summary>
public static class DoorHosting
{
    /// <summary>The name of the meter, for exporters.</summary>
    public const string MeterName = DoorMetrics.MeterName;

    /// <summary>Registers what <see cref="UseDoor"/> needs, and bounds what the sockets buffer.</summary>
    /// <param name="services">The host's.</param>
    /// <param name="bufferBytes">Bytes that wait in one connection, each way, before reading or writing stops.</param>
    public static IServiceCollection AddDoor(this IServiceCollection services, int bufferBytes)
    {
        services.AddSingleton<DoorMetrics>();
        services.Configure<SocketTransportOptions>(sockets =>
        {
            sockets.MaxReadBufferSize = bufferBytes;
            sockets.MaxWriteBufferSize = bufferBytes;
        });
        return services;
    }

    /// <summary>Marks, counts and bounds the connections of a listener.</summary>
    /// <param name="listen">The listener.</param>
    /// <param name="limits">Its bounds.</param>
    /// <param name="useTls">Adds TLS; null: the listener has none.</param>
    public static ListenOptions UseDoor(
        this ListenOptions listen, ConnectionLimits limits, Action<ListenOptions>? useTls = null)
    {
        var gate = new ConnectionGate(limits, listen.ApplicationServices.GetRequiredService<DoorMetrics>());
        listen.Use(gate.Admit);
        useTls?.Invoke(listen);
        listen.Use(gate.Establish);
        return listen.UseNodeListener(limits.Listener);
    }

    /// <summary>
    /// Has the clients' listener ask for a certificate and take whichever is shown, or none: what it is good for is judged where something is
    /// read, and nothing is fetched from addresses that a stranger put into it.
    /// </summary>
    /// <param name="tls">The listener's, of one connection.</param>
    public static SslServerAuthenticationOptions AskForCertificate(this SslServerAuthenticationOptions tls)
    {
        tls.ClientCertificateRequired = true;
        tls.RemoteCertificateValidationCallback = static (_, _, _, _) => true;
        tls.CertificateChainPolicy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        return tls;
    }
}
