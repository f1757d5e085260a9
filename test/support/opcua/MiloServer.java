import static org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned.ubyte;
import static org.eclipse.milo.opcua.stack.core.types.builtin.unsigned.Unsigned.ulong;

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Security;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.bouncycastle.jce.provider.BouncyCastleProvider;
import org.eclipse.milo.opcua.sdk.core.Reference;
import org.eclipse.milo.opcua.sdk.server.AddressSpace;
import org.eclipse.milo.opcua.sdk.server.EndpointConfig;
import org.eclipse.milo.opcua.sdk.server.ManagedNamespaceWithLifecycle;
import org.eclipse.milo.opcua.sdk.server.OpcUaServer;
import org.eclipse.milo.opcua.sdk.server.OpcUaServerConfig;
import org.eclipse.milo.opcua.sdk.server.identity.AnonymousIdentityValidator;
import org.eclipse.milo.opcua.sdk.server.identity.CompositeValidator;
import org.eclipse.milo.opcua.sdk.server.identity.UsernameIdentityValidator;
import org.eclipse.milo.opcua.sdk.server.identity.X509IdentityValidator;
import org.eclipse.milo.opcua.sdk.server.items.DataItem;
import org.eclipse.milo.opcua.sdk.server.items.MonitoredItem;
import org.eclipse.milo.opcua.sdk.server.nodes.UaFolderNode;
import org.eclipse.milo.opcua.sdk.server.nodes.UaVariableNode;
import org.eclipse.milo.opcua.sdk.server.util.SubscriptionModel;
import org.eclipse.milo.opcua.stack.core.NodeIds;
import org.eclipse.milo.opcua.stack.core.StatusCodes;
import org.eclipse.milo.opcua.stack.core.UaException;
import org.eclipse.milo.opcua.stack.core.security.CertificateValidator;
import org.eclipse.milo.opcua.stack.core.security.DefaultApplicationGroup;
import org.eclipse.milo.opcua.stack.core.security.DefaultCertificateManager;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateQuarantine;
import org.eclipse.milo.opcua.stack.core.security.MemoryCertificateStore;
import org.eclipse.milo.opcua.stack.core.security.MemoryTrustListManager;
import org.eclipse.milo.opcua.stack.core.security.RsaSha256CertificateFactory;
import org.eclipse.milo.opcua.stack.core.security.SecurityPolicy;
import org.eclipse.milo.opcua.stack.core.transport.TransportProfile;
import org.eclipse.milo.opcua.stack.core.types.builtin.ByteString;
import org.eclipse.milo.opcua.stack.core.types.builtin.DataValue;
import org.eclipse.milo.opcua.stack.core.types.builtin.DateTime;
import org.eclipse.milo.opcua.stack.core.types.builtin.ExtensionObject;
import org.eclipse.milo.opcua.stack.core.types.builtin.LocalizedText;
import org.eclipse.milo.opcua.stack.core.types.builtin.NodeId;
import org.eclipse.milo.opcua.stack.core.types.builtin.StatusCode;
import org.eclipse.milo.opcua.stack.core.types.builtin.Variant;
import org.eclipse.milo.opcua.stack.core.types.enumerated.MessageSecurityMode;
import org.eclipse.milo.opcua.stack.core.types.enumerated.TimestampsToReturn;
import org.eclipse.milo.opcua.stack.core.types.structured.HistoryData;
import org.eclipse.milo.opcua.stack.core.types.structured.HistoryReadDetails;
import org.eclipse.milo.opcua.stack.core.types.structured.HistoryReadResult;
import org.eclipse.milo.opcua.stack.core.types.structured.HistoryReadValueId;
import org.eclipse.milo.opcua.stack.core.types.structured.ReadRawModifiedDetails;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransport;
import org.eclipse.milo.opcua.stack.transport.server.tcp.OpcTcpServerTransportConfig;

/** An OPC UA server by Eclipse Milo. Arguments: name=value. Told what to do line by line; each answer is "done". */
public class MiloServer extends ManagedNamespaceWithLifecycle {
  private static final Map<String, String> options = new TreeMap<>();

  private final Map<String, UaVariableNode> nodes = new TreeMap<>();
  private final Map<NodeId, List<DataValue>> past = new ConcurrentHashMap<>();
  private final SubscriptionModel subscriptions;

  MiloServer(OpcUaServer server) {
    super(server, options.get("namespace"));
    subscriptions = new SubscriptionModel(server, this);
    getLifecycleManager().addLifecycle(subscriptions);
    getLifecycleManager().addStartupTask(this::addNodes);
  }

  private void addNodes() {
    UaFolderNode folder =
        new UaFolderNode(getNodeContext(), newNodeId("m1"), newQualifiedName("m1"), LocalizedText.english("m1"));
    getNodeManager().addNode(folder);
    folder.addReference(
        new Reference(folder.getNodeId(), NodeIds.Organizes, NodeIds.ObjectsFolder.expanded(), false));
    for (String one : options.get("nodes").split(",")) {
      String name = one.split(":")[0];
      String type = one.split(":")[1];
      String shown = name.substring(name.lastIndexOf('.') + 1);
      UaVariableNode node =
          new UaVariableNode.UaVariableNodeBuilder(getNodeContext())
              .setNodeId(newNodeId(name))
              .setAccessLevel(ubyte(0x05))
              .setUserAccessLevel(ubyte(0x05))
              .setBrowseName(newQualifiedName(shown))
              .setDisplayName(LocalizedText.english(shown))
              .setDataType(
                  type.equals("UInt64") ? NodeIds.UInt64 : type.equals("Float") ? NodeIds.Float : NodeIds.Double)
              .setTypeDefinition(NodeIds.BaseDataVariableType)
              .build();
      node.setValue(new DataValue(Variant.of(valueOf(type, "0"))));
      nodes.put(name + ":" + type, node);
      getNodeManager().addNode(node);
      folder.addOrganizes(node);
    }
    String[] filled = options.get("filled").split(",");
    for (int number = 0; number < Integer.parseInt(filled[1]); number++) {
      long at = Long.parseLong(filled[0]) + number * Long.parseLong(filled[2]);
      for (String name : nodes.keySet()) tell(String.join("\t", "value", name.split(":")[0], "" + number, "" + at, "0"));
    }
  }

  private static Object valueOf(String type, String text) {
    if (type.equals("UInt64")) return ulong(Long.parseUnsignedLong(text));
    return type.equals("Float") ? (Object) Float.valueOf(text) : Double.valueOf(text);
  }

  private void tell(String line) {
    String[] words = line.split("\t");
    for (Map.Entry<String, UaVariableNode> entry : nodes.entrySet()) {
      String[] named = entry.getKey().split(":");
      if (words.length < 5 || !named[0].equals(words[1])) continue;
      DateTime at = new DateTime(new java.util.Date(Long.parseLong(words[3])));
      DataValue value =
          new DataValue(
              Variant.of(valueOf(named[1], words[2])), new StatusCode(Long.parseLong(words[4])), at, DateTime.now());
      if (words[0].equals("value")) entry.getValue().setValue(value);
      past.computeIfAbsent(entry.getValue().getNodeId(), id -> new ArrayList<>()).add(value);
    }
  }

  @Override
  public List<HistoryReadResult> historyRead(
      AddressSpace.HistoryReadContext context,
      HistoryReadDetails details,
      TimestampsToReturn timestamps,
      List<HistoryReadValueId> wanted) {
    if (options.get("history").equals("no")) return super.historyRead(context, details, timestamps, wanted);
    List<HistoryReadResult> results = new ArrayList<>();
    for (HistoryReadValueId one : wanted) results.add(pieceOf((ReadRawModifiedDetails) details, one));
    return results;
  }

  /** The continuation point is the number of values that went before. */
  private HistoryReadResult pieceOf(ReadRawModifiedDetails details, HistoryReadValueId wanted) {
    ByteString point = wanted.getContinuationPoint();
    int begin = point == null || point.isNullOrEmpty() ? 0 : Integer.parseInt(new String(point.bytesOrEmpty()));
    long from = details.getStartTime().getJavaTime();
    long to = details.getEndTime().getJavaTime();
    List<DataValue> all = new ArrayList<>();
    for (DataValue value : past.getOrDefault(wanted.getNodeId(), List.of())) {
      long at = value.getSourceTime().getJavaTime();
      if (at >= from && at <= to) all.add(value);
    }
    int end = Math.min(all.size(), begin + Integer.parseInt(options.get("piece")));
    ByteString more = end < all.size() ? ByteString.of(Integer.toString(end).getBytes()) : ByteString.NULL_VALUE;
    HistoryData data = new HistoryData(all.subList(begin, end).toArray(new DataValue[0]));
    ExtensionObject encoded = ExtensionObject.encode(getServer().getStaticEncodingContext(), data);
    return new HistoryReadResult(StatusCode.GOOD, more, encoded);
  }

  @Override
  public void onDataItemsCreated(List<DataItem> items) {
    subscriptions.onDataItemsCreated(items);
  }

  @Override
  public void onDataItemsModified(List<DataItem> items) {
    subscriptions.onDataItemsModified(items);
  }

  @Override
  public void onDataItemsDeleted(List<DataItem> items) {
    subscriptions.onDataItemsDeleted(items);
  }

  @Override
  public void onMonitoringModeChanged(List<MonitoredItem> items) {
    subscriptions.onMonitoringModeChanged(items);
  }

  private static X509Certificate certificate(String file) throws Exception {
    try (FileInputStream in = new FileInputStream(file)) {
      return (X509Certificate) CertificateFactory.getInstance("X.509").generateCertificate(in);
    }
  }

  private static PrivateKey key(String file) throws Exception {
    String text = Files.readString(Path.of(file)).replaceAll("-----[^-]+-----|\\s", "");
    return KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Base64.getDecoder().decode(text)));
  }

  private static boolean same(X509Certificate one, String file) {
    try {
      return MessageDigest.isEqual(one.getEncoded(), certificate(file).getEncoded());
    } catch (Exception e) {
      return false;
    }
  }

  /** Trusts the certificate in the named file and no other; without a name, all. */
  private static final CertificateValidator CLIENTS =
      (chain, uri, hosts) -> {
        String only = options.get("trustedClient");
        if (only != null && !same(chain.get(0), only)) throw new UaException(StatusCodes.Bad_CertificateUntrusted);
      };

  private static DefaultCertificateManager certificates(X509Certificate own, KeyPair pair) throws Exception {
    RsaSha256CertificateFactory factory =
        new RsaSha256CertificateFactory() {
          @Override
          public KeyPair createRsaSha256KeyPair() {
            return pair;
          }

          @Override
          public X509Certificate[] createRsaSha256CertificateChain(KeyPair keys) {
            return new X509Certificate[] {own};
          }
        };
    return new DefaultCertificateManager(
        new MemoryCertificateQuarantine(),
        DefaultApplicationGroup.createAndInitialize(
            new MemoryTrustListManager(), new MemoryCertificateStore(), factory, CLIENTS));
  }

  private static Set<EndpointConfig> endpoints(X509Certificate own) {
    EndpointConfig.Builder any =
        EndpointConfig.newBuilder()
            .setTransportProfile(TransportProfile.TCP_UASC_UABINARY)
            .setBindAddress("127.0.0.1")
            .setBindPort(Integer.parseInt(options.get("port")))
            .setHostname("127.0.0.1")
            .setPath("/test")
            .setCertificate(own);
    if (options.get("anonymous").equals("yes")) any.addTokenPolicy(OpcUaServerConfig.USER_TOKEN_POLICY_ANONYMOUS);
    any.addTokenPolicies(OpcUaServerConfig.USER_TOKEN_POLICY_USERNAME, OpcUaServerConfig.USER_TOKEN_POLICY_X509);
    Set<EndpointConfig> all = new LinkedHashSet<>();
    for (String policy : options.get("policies").split(",")) {
      EndpointConfig.Builder one = any.copy().setSecurityPolicy(SecurityPolicy.valueOf(policy));
      boolean none = policy.equals("None");
      all.add(one.setSecurityMode(none ? MessageSecurityMode.None : MessageSecurityMode.SignAndEncrypt).build());
    }
    // what GetEndpoints needs
    all.add(
        any.copy()
            .setPath("/test/discovery")
            .setSecurityPolicy(SecurityPolicy.None)
            .setSecurityMode(MessageSecurityMode.None)
            .build());
    return all;
  }

  public static void main(String[] arguments) throws Exception {
    // without it Milo's Aes256_Sha256_RsaPss does not work
    Security.addProvider(new BouncyCastleProvider());
    for (String one : arguments) options.put(one.split("=", 2)[0], one.split("=", 2)[1]);
    X509Certificate own = certificate(options.get("certificate"));
    KeyPair pair = new KeyPair(own.getPublicKey(), key(options.get("key")));
    CompositeValidator users =
        new CompositeValidator(
            AnonymousIdentityValidator.INSTANCE,
            new UsernameIdentityValidator(
                given ->
                    given.getUsername().equals(options.get("user"))
                        && given.getPassword().equals(options.get("password"))),
            new X509IdentityValidator(given -> same(given, options.getOrDefault("userCertificate", "/"))));
    OpcUaServerConfig config =
        OpcUaServerConfig.builder()
            .setApplicationUri(options.get("applicationUri"))
            .setApplicationName(LocalizedText.english("Milo"))
            .setProductUri("urn:milo")
            .setEndpoints(endpoints(own))
            .setIdentityValidator(users)
            .setCertificateManager(certificates(own, pair))
            .build();
    OpcUaServer server =
        new OpcUaServer(config, profile -> new OpcTcpServerTransport(OpcTcpServerTransportConfig.newBuilder().build()));
    MiloServer namespace = new MiloServer(server);
    namespace.startup();
    server.startup().get();
    System.out.println("ready");
    BufferedReader in = new BufferedReader(new InputStreamReader(System.in));
    for (String line = in.readLine(); line != null; line = in.readLine()) {
      namespace.tell(line);
      System.out.println("done");
    }
    System.exit(0);
  }
}
